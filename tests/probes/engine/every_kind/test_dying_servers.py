"""A server that dies or stops accepting during a latency or health probe: what was found is kept, and nothing leaks."""

import pytest

from probes.engine.health import probe_health
from probes.engine.health.catalogue import CHECKS
from probes.engine.latency import LatencyPlan, probe_latency
from tests.probes.engine.conftest import superuser_of
from tests.rigs.postgres import running
from tests.rigs.sockets import all_closed


def once_at(number: int, act):
    def note(done, total, latest):
        if done == number:
            act()

    return note


async def test_latency_counts_each_cold_connect_that_finds_the_door_shut(idle):
    with running(idle):
        outcome = await probe_latency(
            superuser_of(idle),
            LatencyPlan(samples=20, cold_connects=9),
            progress=once_at(5, idle.begin_smart_shutdown),
        )

    assert outcome.failure is None
    assert outcome.summary is not None
    assert (outcome.summary.samples, outcome.summary.failures) == (20, 0)
    # The server waited for the only session, and was gone when it had left; three in a row are enough.
    assert len(outcome.detail["cold"]) == 3
    assert all(cold["failed"] for cold in outcome.detail["cold"])
    assert outcome.detail["cold_summary"]["failures"] == 3
    await all_closed(idle.port)


@pytest.mark.parametrize("number", [1, 50, 98])
async def test_latency_keeps_what_it_has_and_says_how_far_it_got(idle, number):
    with running(idle):
        outcome = await probe_latency(
            superuser_of(idle), LatencyPlan(samples=100), progress=once_at(number, idle.stop)
        )

    assert outcome.failure is not None
    assert outcome.failure.code in ("tcp_refused", "shutting_down")
    assert outcome.summary is not None
    assert outcome.summary.samples == number
    assert (len(outcome.detail["samples"]), outcome.detail["planned"]) == (number + 1, 100)
    await all_closed(idle.port)


@pytest.mark.parametrize("number", [0, 1, 5, len(CHECKS) - 1])
async def test_health_keeps_what_it_found_and_says_how_many_were_planned(idle, number):
    with running(idle):
        outcome = await probe_health(superuser_of(idle), progress=once_at(number, idle.stop))

    core = {place for place, check in enumerate(CHECKS) if check.core}
    assert (outcome.failure is not None) == (number <= max(core))
    checks = outcome.detail["checks"][1:]
    assert outcome.detail["planned"] == len(CHECKS)
    assert len(checks) == len(CHECKS)
    assert not any("could not be asked" in check["hint"] for check in checks[:number])
    assert {check["verdict"] for check in checks[number:]} == {"unknown"}
    await all_closed(idle.port)
