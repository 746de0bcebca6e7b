"""A load test that several processes share: one result, the same limits, and no process left behind."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram

from probes.engine.load import LoadPlan, LoadProgress, run_load, split
from probes.engine.load.split import needed, share
from tests.probes.engine.conftest import endpoint_of
from tests.probes.engine.load.runs import load
from tests.rigs import backends

NAME = "meridian/split-test"


@pytest.mark.parametrize(
    ("plan", "answer_seconds", "processes"),
    [
        ({"clients": 1}, 0.00001, 1),
        ({"clients": 10}, 0.0002, 3),
        ({"clients": 500}, 0.0001, 4),
        ({"clients": 500}, 0.03, 1),
        ({"clients": 500, "processes": 1}, 0.0001, 1),
        ({"clients": 500, "processes": 7}, 0.03, 7),
        ({"clients": 2, "rate": 1_000_000}, 0.03, 2),
        ({"clients": 50, "rate": 5_000}, 0.0001, 1),
        ({"clients": 50, "rate": 1, "ramp": (100, 45_000)}, 0.0001, 3),
    ],
)
def test_there_are_as_many_processes_as_the_test_takes(monkeypatch, plan, answer_seconds, processes):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert needed(LoadPlan(**plan), answer_seconds) == processes


def test_no_process_is_started_unasked_that_would_share_a_processor(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert needed(LoadPlan(clients=500), 0.0001) == 2


async def test_a_server_that_answers_at_once_is_asked_by_several_processes(unencrypted, monkeypatch):
    monkeypatch.setattr(split, "ENOUGH_FOR_ONE", 10)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    outcome = await load(endpoint_of(unencrypted), clients=4, processes=0)

    assert outcome.failure is None
    assert outcome.detail["processes"] == 2


async def test_the_processes_count_together(unencrypted):
    connected = []

    outcome = await load(
        endpoint_of(unencrypted, application_name=NAME),
        clients=5,
        processes=2,
        watch=lambda progress: connected.append(progress.connected),
    )

    assert outcome.failure is None
    summary, detail = outcome.summary, outcome.detail
    assert summary is not None
    assert summary.samples > 50
    assert HdrHistogram.decode(detail["histogram"]).get_total_count() == summary.samples
    assert sum(second["done"] for second in detail["series"]) == summary.samples
    assert max(connected) == 5
    assert await gone(unencrypted)


async def test_the_rate_is_shared(unencrypted):
    seen: list[tuple[float, float]] = []

    outcome = await load(
        endpoint_of(unencrypted),
        clients=4,
        processes=2,
        rate=1000,
        seconds=2,
        watch=lambda progress: seen.append((time.monotonic(), progress.elapsed)),
    )

    assert outcome.summary is not None
    due = outcome.summary.samples + outcome.detail["unstarted"]
    assert due == pytest.approx(1000 * outcome.detail["elapsed"], rel=0.03)
    assert outcome.summary.rate == pytest.approx(
        outcome.summary.samples / outcome.detail["elapsed"], rel=0.01
    )
    (first, begun), (last, elapsed) = seen[0], seen[-2]
    assert elapsed - begun == pytest.approx(last - first, abs=0.03)


async def test_each_step_counts_what_was_due_in_it(unencrypted):
    outcome = await load(
        endpoint_of(unencrypted), clients=4, processes=2, rate=1, ramp=(400, 800, 1200), seconds=3
    )

    for step in outcome.detail["steps"]:
        assert step["done"] + step["unstarted"] == pytest.approx(step["level"] * step["seconds"], rel=0.05)


async def test_a_share_of_the_rate_may_be_smaller_than_any_rate_that_one_may_ask_for(unencrypted):
    outcome = await load(endpoint_of(unencrypted), clients=4, processes=4, rate=0.3)

    assert outcome.failure is None
    assert outcome.summary is not None
    assert outcome.summary.samples > 0


async def test_a_failed_sign_in_is_the_failure_of_all(unencrypted):
    outcome = await load(endpoint_of(unencrypted, password="wrong"), clients=4, processes=2)

    assert outcome.failure is not None
    assert outcome.failure.code == "auth_failed"


async def test_a_cancelled_test_leaves_no_process(unencrypted):
    plan, ticking = LoadPlan(clients=4, seconds=60, processes=2), asyncio.Event()

    async def run() -> None:
        async for _ in run_load(endpoint_of(unencrypted, application_name=NAME), plan):
            ticking.set()

    task = asyncio.create_task(run())
    await asyncio.wait_for(ticking.wait(), 20)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 1
    assert await gone(unencrypted)


async def test_a_test_that_is_cancelled_while_its_processes_connect_just_ends(unencrypted):
    plan = LoadPlan(clients=60, seconds=60, processes=2, all_slots=True)

    async def run() -> None:
        async for _ in run_load(endpoint_of(unencrypted, application_name=NAME), plan):
            pass

    task = asyncio.create_task(run())
    deadline = time.monotonic() + 20
    # More than the one that has a look beforehand.
    while len(await asyncio.to_thread(backends.pids, unencrypted, NAME)) < 2:
        assert time.monotonic() < deadline
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(unencrypted)


@pytest.mark.parametrize("plan", [{"clients": 4}, {"ramp": (2, 4, 6)}, {"clients": 4, "rate": 100}])
async def test_a_process_that_is_killed_ends_the_test_with_what_was_measured(unencrypted, plan):
    killed = []

    def kill_one(progress: LoadProgress) -> None:
        if progress.done and not killed:
            killed.append(parts()[0])
            os.kill(killed[0], signal.SIGKILL)

    outcome = await load(endpoint_of(unencrypted), seconds=30, processes=2, watch=kill_one, **plan)

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("internal_error", "worker")
    assert "ended early" in outcome.failure.message
    assert outcome.summary is not None
    assert outcome.summary.samples > 0
    assert outcome.detail["elapsed"] < 30
    assert parts() == []


async def test_a_process_that_hangs_ends_the_test_with_what_was_measured(unencrypted, monkeypatch):
    monkeypatch.setattr(split, "ANSWER_SECONDS", 0.5)
    began, hung = time.monotonic(), []

    def hang_one(progress: LoadProgress) -> None:
        if progress.done and not hung:
            hung.append(parts()[0])
            os.kill(hung[0], signal.SIGSTOP)

    outcome = await load(endpoint_of(unencrypted), clients=4, seconds=60, processes=2, watch=hang_one)

    assert time.monotonic() - began < 15
    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("internal_error", "worker")
    assert "does not answer" in outcome.failure.message
    assert outcome.summary is not None
    assert outcome.summary.samples > 0
    assert parts() == []


async def test_processes_that_do_not_start_in_time_are_a_failure(unencrypted, monkeypatch):
    monkeypatch.setattr(split, "STARTING_SECONDS", -1.0)
    endpoint = endpoint_of(unencrypted, connect_timeout=1.0)
    outcome = await load(endpoint, clients=2, processes=2)

    assert outcome.failure is not None
    assert "did not start in time" in outcome.failure.message
    assert parts() == []


def parts() -> list[int]:
    """The processes of load tests that this one started."""
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in mine if b"load.part" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_shares_add_up():
    for whole in (1, 7, 500):
        for count in (1, 2, 3, 16):
            parts = [share(whole, number, count) for number in range(count)]
            assert sum(parts) == whole
            assert max(parts) - min(parts) <= 1


async def gone(cluster) -> bool:
    """Whether the server has no connection of ours, at the latest after a second."""
    deadline = time.monotonic() + 1
    while backends.pids(cluster, NAME) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return not backends.pids(cluster, NAME)
