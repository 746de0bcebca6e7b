"""Latency and health probes in batches keep the promises that connection probes keep."""

import asyncio

import pytest

from probes.engine import batch
from probes.engine.batch import AT_ONCE, ConnectionPlan, HealthPlan, kind_of, probe_many
from probes.engine.latency import LatencyPlan
from tests.probes.engine.conftest import at, endpoint_of
from tests.rigs import hostile
from tests.rigs.sockets import all_closed

PLANS = [ConnectionPlan(), LatencyPlan(samples=3), HealthPlan()]


@pytest.mark.parametrize("plan", PLANS, ids=kind_of)
async def test_every_endpoint_gets_one_outcome_of_the_kind_asked_for(unencrypted, plan):
    probes = [(number, endpoint_of(unencrypted, connect_timeout=10)) for number in range(6)]
    outcomes = [pair async for pair in probe_many(probes, plan)]
    assert sorted(key for key, _ in outcomes) == list(range(6))
    assert {(outcome.kind, outcome.ok) for _, outcome in outcomes} == {(kind_of(plan), True)}


@pytest.mark.parametrize("plan", PLANS, ids=kind_of)
async def test_dead_and_broken_targets_change_no_other_result(unencrypted, plan):
    async with hostile.serve(hostile.silent) as silent, hostile.serve(hostile.drops) as dropping:
        probes = [("silent", at(silent, connect_timeout=1.0)), ("drops", at(dropping))]
        probes += [(f"good {number}", endpoint_of(unencrypted, connect_timeout=10)) for number in range(4)]
        results = [pair async for pair in probe_many(probes, plan)]
    assert results[-1][0] == "silent"
    assert {key for key, outcome in results if not outcome.ok} == {"silent", "drops"}


@pytest.mark.parametrize("kind", ["latency", "health"])
async def test_no_more_probes_are_under_way_than_the_kind_bears(kind):
    plan = LatencyPlan(samples=1) if kind == "latency" else HealthPlan()
    now = most = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        try:
            await asyncio.sleep(0.05)
        finally:
            now -= 1

    async with hostile.serve(count) as port:
        probes = [(number, at(port)) for number in range(AT_ONCE[kind] * 2)]
        assert len([pair async for pair in probe_many(probes, plan)]) == len(probes)
    assert most <= AT_ONCE[kind]


async def test_progress_is_told_for_each_probe_by_its_key(unencrypted):
    told: list[tuple[str, int, int, float | str | None]] = []
    probes = [(name, endpoint_of(unencrypted)) for name in ("one", "other")]
    results = probe_many(probes, LatencyPlan(samples=4), progress=lambda *told_now: told.append(told_now))
    samples = {key: outcome.detail["samples"] async for key, outcome in results}
    for name in ("one", "other"):
        mine = [(done, total, latest) for key, done, total, latest in told if key == name]
        assert [(done, total) for done, total, _ in mine] == [(1, 4), (2, 4), (3, 4), (4, 4)]
        assert [latest for *_, latest in mine] == samples[name]


async def test_progress_of_a_health_check_names_what_comes_next(unencrypted):
    told: list[tuple[int, int, object]] = []
    probes = [("one", endpoint_of(unencrypted))]
    async for _ in probe_many(probes, HealthPlan(), progress=lambda _, *rest: told.append(rest)):
        pass
    assert [done for done, _, _ in told] == list(range(len(told)))
    assert all(isinstance(title, str) and title for *_, title in told)


@pytest.mark.parametrize("plan", PLANS, ids=kind_of)
async def test_a_batch_that_is_given_up_leaves_nothing_open(plan):
    async with hostile.serve(hostile.silent) as port, hostile.serve(hostile.drops) as dropping:
        probes = [("ends", at(dropping)), *((number, at(port, connect_timeout=30)) for number in range(3))]
        results = probe_many(probes, plan)
        await anext(results)
        await results.aclose()
        await all_closed(port)


async def test_a_process_without_memory_vouches_for_no_probe(unencrypted, monkeypatch):
    async def greedy(endpoint, plan, **kwargs):
        raise MemoryError

    monkeypatch.setattr(batch, "probe_latency", greedy)
    with pytest.raises(MemoryError):
        async for _ in probe_many([("one", endpoint_of(unencrypted))], LatencyPlan(samples=1)):
            pass


async def test_a_bug_of_ours_is_an_outcome_of_the_kind_asked_for(unencrypted, monkeypatch):
    async def buggy(endpoint, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(batch, "probe_health", buggy)
    [(_, outcome)] = [pair async for pair in probe_many([("one", endpoint_of(unencrypted))], HealthPlan())]
    assert (outcome.kind, outcome.failure and outcome.failure.code) == ("health", "internal_error")
