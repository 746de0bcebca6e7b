"""The latency probe of servers that work, stall, break and die."""

import asyncio
import json
import statistics

import pytest

from probes.engine.latency import LatencyPlan, jitter, probe_latency
from probes.engine.outcome import Outcome
from probes.engine.server_share import certain_median
from tests.probes.engine.conftest import at, endpoint_of
from tests.rigs import backends, hostile
from tests.rigs.hostile import READY, SELECTED, WELCOME, answers, error, message
from tests.rigs.postgres import running
from tests.rigs.sockets import all_closed

NAME = "meridian/latency-test"


async def test_every_sample_is_kept_apart_from_the_time_to_connect(any_version):
    outcome = await probe_latency(
        endpoint_of(any_version, sslmode="prefer"), LatencyPlan(samples=40, warm_up=3)
    )

    assert outcome.failure is None
    assert outcome.summary is not None
    samples = outcome.detail["samples"]
    assert len(samples) == 40
    assert all(sample > 0 for sample in samples)
    assert outcome.summary.samples == 40
    assert outcome.summary.failures == 0
    assert outcome.summary.p50 == sorted(samples)[19]
    assert outcome.summary.max == max(samples)
    assert outcome.summary.mean == pytest.approx(statistics.fmean(samples))
    assert outcome.detail["jitter_ms"] == pytest.approx(jitter(samples), abs=1e-4)
    assert outcome.timings.total is not None
    assert outcome.timings.auth is not None
    assert outcome.timings.query is None
    assert outcome.server.version == any_version.sql("SHOW server_version")


@pytest.mark.parametrize("count", [1, 2, 1000])
async def test_any_number_of_samples_can_be_had(unencrypted, count):
    outcome = await probe_latency(endpoint_of(unencrypted), LatencyPlan(samples=count, warm_up=100))

    assert outcome.failure is None
    assert outcome.summary is not None
    samples = outcome.detail["samples"]
    assert len(samples) == outcome.summary.samples == count
    assert outcome.summary.stddev == pytest.approx(statistics.stdev(samples) if count > 1 else 0)
    assert outcome.summary.rate is not None
    assert outcome.summary.min <= outcome.summary.p50 <= outcome.summary.p95 <= outcome.summary.p99
    assert (outcome.detail["jitter_ms"] is None) == (count == 1)
    server_ms = outcome.detail["server_ms"]
    assert server_ms is None or 0 < server_ms < outcome.summary.p50


async def test_the_rate_is_that_of_the_samples_without_the_warm_up(unencrypted):
    outcome = await probe_latency(endpoint_of(unencrypted), LatencyPlan(samples=10, warm_up=100))

    assert outcome.summary is not None
    assert outcome.summary.rate * outcome.summary.mean > 400


async def test_the_outcome_survives_the_queue(unencrypted):
    outcome = await probe_latency(endpoint_of(unencrypted), LatencyPlan(samples=5, cold_connects=2))

    assert Outcome.from_dict(json.loads(json.dumps(outcome.as_dict()))) == outcome


async def test_cold_connects_are_timed_by_phase(encrypted):
    outcome = await probe_latency(
        endpoint_of(encrypted, sslmode="require"), LatencyPlan(samples=1, cold_connects=3)
    )

    assert outcome.detail["cold_summary"]["samples"] == 3
    for cold in outcome.detail["cold"]:
        assert cold["failed"] == ""
        assert cold["tcp"] > 0
        assert cold["tls"] > 0
        assert cold["auth"] > 0


async def test_samples_are_an_interval_apart(unencrypted):
    loop = asyncio.get_running_loop()
    seen = []

    def note(done, total, milliseconds):
        seen.append((done, total, loop.time()))

    await probe_latency(endpoint_of(unencrypted), LatencyPlan(samples=4, interval_ms=30), progress=note)

    assert [(done, total) for done, total, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen[-1][2] - seen[0][2] >= 0.08


async def test_a_lost_connection_is_one_failed_sample_and_is_opened_again(unencrypted):
    def cut(done, total, milliseconds):
        if done == 5:
            backends.terminate(unencrypted, NAME)

    outcome = await probe_latency(
        endpoint_of(unencrypted, application_name=NAME), LatencyPlan(samples=20), progress=cut
    )

    assert outcome.failure is None
    assert outcome.summary is not None
    assert (outcome.summary.samples, outcome.summary.failures) == (19, 1)
    assert outcome.detail["samples"].index(None) == 5
    assert outcome.detail["failures"] == {"shutting_down": 1}
    assert outcome.detail["reconnects"] == 1


async def test_a_server_that_dies_leaves_what_was_measured(idle):
    def kill(done, total, milliseconds):
        if done == 30:
            idle.stop()

    with running(idle):
        outcome = await probe_latency(
            endpoint_of(idle, user="postgres", password="super secret"),
            LatencyPlan(samples=50),
            progress=kill,
        )

    assert outcome.failure is not None
    assert outcome.failure.code == "tcp_refused"
    assert outcome.summary is not None
    assert outcome.summary.samples == 30
    assert len(outcome.detail["samples"]) == 31
    assert outcome.detail["planned"] == 50


async def test_a_stall_is_one_slow_sample(unencrypted):
    stalled = []

    def stall(done, total, milliseconds):
        if done == 10:
            paused = backends.stopped(backends.pids(unencrypted, NAME))
            paused.__enter__()
            asyncio.get_running_loop().call_later(0.2, paused.__exit__, None, None, None)
            stalled.append(done)

    outcome = await probe_latency(
        endpoint_of(unencrypted, application_name=NAME), LatencyPlan(samples=30), progress=stall
    )

    assert stalled
    assert outcome.failure is None
    assert sum(sample > 100 for sample in outcome.detail["samples"]) == 1
    assert outcome.detail["samples"][10] > 100


async def test_no_round_trip_waits_longer_than_the_connection_may(unencrypted):
    hanging = backends.stopped([])

    def hang(done, total, milliseconds):
        nonlocal hanging
        if done == 3:
            hanging = backends.stopped(backends.pids(unencrypted, NAME))
            hanging.__enter__()

    try:
        outcome = await probe_latency(
            endpoint_of(unencrypted, application_name=NAME, connect_timeout=0.5),
            LatencyPlan(samples=10),
            progress=hang,
        )
    finally:
        hanging.__exit__(None, None, None)

    assert outcome.failure is None
    assert outcome.detail["failures"] == {"query_timeout": 1}
    assert outcome.detail["reconnects"] == 1


@pytest.mark.parametrize("after", [0.0, 0.02, 0.2])
async def test_a_cancelled_probe_leaves_no_socket(unencrypted, after):
    task = asyncio.create_task(probe_latency(endpoint_of(unencrypted), LatencyPlan(interval_ms=50)))
    await asyncio.sleep(after)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await all_closed(unencrypted.port)


async def test_a_refused_sign_in_is_the_failure(unencrypted):
    outcome = await probe_latency(endpoint_of(unencrypted, password="wrong"), LatencyPlan(cold_connects=5))

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("auth_failed", "auth")
    assert outcome.summary is not None
    assert outcome.summary.samples == 0
    assert outcome.detail["samples"] == []


HOSTILE = [
    ("hangs", answers(WELCOME), "query_timeout"),
    ("always errors", answers(WELCOME, *[error("XX000", b"no", b"ERROR") + READY] * 40), "query_failed"),
    ("answers twice", answers(WELCOME, SELECTED + READY), "protocol_violation"),
    ("claims 2 GiB", answers(WELCOME, b"D\x7f\xff\xff\xff" + b"x" * 9_000_000), "result_too_large"),
    ("a negative length", answers(WELCOME, b"D\xff\xff\xff\xff"), "protocol_violation"),
    ("an error of 10 MB", answers(WELCOME, error("XX000", b"x" * 10_000_000)), "protocol_violation"),
    ("endless rows", answers(WELCOME, message(b"D", b"\0\0") * 1_500_000), "result_too_large"),
    (
        "invalid UTF-8",
        answers(WELCOME, *[error("XX000", b"\xff\xfe", b"ERROR") + READY] * 40),
        "query_failed",
    ),
]


@pytest.mark.parametrize(
    ("behaviour", "code"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
async def test_a_hostile_server_is_a_failure_in_time(behaviour, code):
    async with hostile.serve(behaviour) as port:
        async with asyncio.timeout(4):
            outcome = await probe_latency(at(port, connect_timeout=0.6), LatencyPlan(samples=20, warm_up=0))
        await all_closed(port)

    assert outcome.failure is not None
    assert outcome.failure.code == code
    assert outcome.summary is not None
    assert outcome.summary.samples == 0


def test_jitter_is_the_mean_step_between_neighbours():
    assert jitter([1.0, 2.0, 4.0, 4.0]) == 1.0
    assert jitter([1.0]) is None


def test_the_servers_share_is_told_only_when_it_is_clear_of_the_noise():
    assert certain_median([0.010 + 0.001 * (number % 3) for number in range(30)]) == pytest.approx(0.011)
    assert certain_median([(-1) ** number * 5.0 + 0.01 for number in range(50)]) is None
    assert certain_median([-1.0] * 50) is None
    assert certain_median([1.0] * 5) is None
