"""A server that dies, stops accepting or falls silent in the middle: what was measured is kept, and nothing leaks."""

import contextlib
import time

import pytest

from tests.probes.engine.conftest import endpoint_of, superuser_of
from tests.probes.engine.load.runs import load
from tests.rigs import backends
from tests.rigs.postgres import running
from tests.rigs.sockets import all_closed

NAME = "meridian/dying-test"


def once(act, after: float = 0.4):
    """Does something once, that long after the test began; ``done`` holds how many answers there were."""
    done: list[int] = []

    def watch(progress):
        if progress.elapsed > after and not done:
            done.append(progress.done)
            act()

    return watch, done


@pytest.mark.parametrize("processes", [1, 2])
async def test_one_that_falls_silent_ends_the_test_as_lost(unencrypted, processes):
    endpoint = endpoint_of(unencrypted, application_name=NAME, connect_timeout=1.5)
    with contextlib.ExitStack() as stack:
        watch, done = once(
            lambda: stack.enter_context(backends.stopped(backends.pids(unencrypted, NAME))), after=0.8
        )
        began = time.monotonic()
        outcome = await load(endpoint, clients=4, seconds=60, processes=processes, watch=watch)
        took = time.monotonic() - began

    assert took < 15
    assert outcome.detail["stopped"] == "lost"
    assert outcome.failure is not None
    assert outcome.failure.code == "query_timeout"
    assert outcome.summary is not None
    assert outcome.summary.samples >= done[0] > 0
    assert outcome.detail["errors"] == {"query_timeout": 4}
    assert outcome.detail["elapsed"] < outcome.detail["planned_seconds"]
    assert outcome.detail["series"][0]["done"] > 0
    await all_closed(unencrypted.port)


async def test_one_that_only_answers_slowly_is_not_lost(unencrypted):
    outcome = await load(
        endpoint_of(unencrypted, connect_timeout=0.5),
        clients=2,
        seconds=2,
        workload="sql",
        sql="SELECT 1 FROM pg_sleep(0.8)",
    )

    assert outcome.failure is None
    assert outcome.detail["stopped"] == ""


async def test_one_that_is_asked_rarely_is_not_lost(unencrypted):
    outcome = await load(endpoint_of(unencrypted, connect_timeout=0.5), clients=1, seconds=2, rate=0.7)

    assert outcome.failure is None
    assert outcome.detail["stopped"] == ""


async def test_one_that_stops_accepting_keeps_the_clients_that_it_has(idle):
    """A smart shutdown: those who are in may stay, and who is cut off does not come in again."""
    known: list[int] = []

    def note(progress):
        if not known and progress.connected == 3:
            known.extend(backends.pids(idle, NAME))

    def shut_the_door():
        idle.begin_smart_shutdown()
        time.sleep(0.1)
        backends.end(known[:1])

    watch, done = once(shut_the_door)
    with running(idle):
        outcome = await load(
            superuser_of(idle, application_name=NAME, connect_timeout=2),
            seconds=1.5,
            max_error_share=1,
            watch=lambda progress: (note(progress), watch(progress)),
        )

    assert outcome.failure is None
    assert outcome.summary is not None
    assert outcome.summary.samples > done[0] > 0
    assert set(outcome.detail["errors"]) <= {"shutting_down", "tcp_refused", "connection_lost"}
    assert outcome.summary.failures >= 2
    await all_closed(idle.port)
