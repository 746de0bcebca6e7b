"""Load on servers that stall, die, err and lie: the figures stay honest and nothing is left behind."""

import asyncio
import contextlib
import time

import pytest

from probes.engine.load import LoadPlan, run_load
from tests.probes.engine.conftest import at, endpoint_of, superuser_of
from tests.probes.engine.load.runs import load
from tests.rigs import backends, hostile
from tests.rigs.hostile import READY, WELCOME, answers, error, floods, message
from tests.rigs.postgres import running
from tests.rigs.sockets import all_closed

NAME = "meridian/load-test"
STALL_SECONDS = 0.3


def stalls_once(cluster):
    """Watches a test and stalls all of its server processes for 300 ms, once."""
    begun: list[float] = []

    def watch(progress):
        if progress.elapsed > 0.4 and not begun:
            stall = backends.stopped(backends.pids(cluster, NAME))
            stall.__enter__()
            begun.append(time.monotonic())
            asyncio.get_running_loop().call_later(STALL_SECONDS, stall.__exit__, None, None, None)

    return watch


async def test_an_open_loop_tells_of_a_stall_where_a_closed_one_hides_it(unencrypted):
    endpoint = endpoint_of(unencrypted, application_name=NAME)

    opened = await load(endpoint, rate=300, seconds=1.6, watch=stalls_once(unencrypted))
    closed = await load(endpoint, seconds=1.6, watch=stalls_once(unencrypted))

    assert opened.summary is not None
    assert closed.summary is not None
    assert opened.summary.max > 250
    assert opened.summary.p99 > 200
    assert closed.summary.max > 250
    assert closed.summary.p99 < 100


@pytest.mark.parametrize("stopped", ["", "cancelled"])
async def test_an_open_loop_tells_of_a_stall_that_lasts_to_the_end(unencrypted, stopped):
    stop, frozen = asyncio.Event(), contextlib.ExitStack()

    def watch(progress):
        if progress.elapsed > 0.8 and not stalled:
            stalled.append(progress.done)
            frozen.enter_context(backends.stopped(backends.pids(unencrypted, NAME)))
            if stopped:
                asyncio.get_running_loop().call_later(1, stop.set)

    stalled: list[int] = []
    with frozen:
        outcome = await load(
            endpoint_of(unencrypted, application_name=NAME),
            rate=300,
            seconds=60 if stopped else 2,
            stop=stop,
            watch=watch,
        )

    assert outcome.failure is None
    assert outcome.detail["stopped"] == stopped
    assert outcome.detail["errors"] == ({} if stopped else {"query_timeout": 3})
    summary, last = outcome.summary, outcome.detail["series"][-1]
    assert summary is not None
    assert summary.p50 < 700 < summary.p99
    assert (
        outcome.detail["unstarted"] == sum(second["unstarted"] for second in outcome.detail["series"]) > 150
    )
    assert last["unstarted"] == outcome.detail["unstarted"]
    assert last["p99"] > 700
    assert summary.rate == pytest.approx(summary.samples / outcome.detail["elapsed"], rel=0.01)


async def test_an_error_is_rolled_back_once(unencrypted):
    before = len(unencrypted.log())

    outcome = await load(
        superuser_of(unencrypted), workload="sql", sql="SELECT 1 / 0", seconds=0.5, max_error_share=1
    )

    assert outcome.summary is not None
    assert outcome.summary.failures > 20
    assert "no transaction in progress" not in unencrypted.log()[before:]


async def test_a_server_that_dies_ends_the_test_and_keeps_its_figures(idle):
    killed = []

    def kill(progress):
        if progress.elapsed > 0.4 and not killed:
            killed.append(progress.done)
            idle.stop()

    with running(idle):
        endpoint = endpoint_of(idle, user="postgres", password="super secret", connect_timeout=1)
        began = time.monotonic()
        outcome = await load(endpoint, seconds=30, watch=kill)

    assert time.monotonic() - began < 10
    assert outcome.failure is not None
    assert outcome.failure.code in ("tcp_refused", "shutting_down", "connection_lost")
    assert outcome.detail["stopped"] in ("lost", "errors")
    assert outcome.summary is not None
    assert outcome.summary.samples >= killed[0] > 0
    assert outcome.summary.failures >= 3
    assert outcome.detail["elapsed"] < 10
    await all_closed(idle.port)


async def test_a_lost_connection_is_counted_and_opened_again(unencrypted):
    cut = []

    def watch(progress):
        if progress.elapsed > 0.4 and not cut:
            cut.append(True)
            backends.terminate(unencrypted, NAME)

    connected = []
    outcome = await load(
        endpoint_of(unencrypted, application_name=NAME),
        seconds=1.5,
        watch=lambda progress: (watch(progress), connected.append(progress.connected)),
    )

    assert outcome.failure is None
    assert outcome.detail["errors"] == {"shutting_down": 3}
    assert outcome.summary is not None
    assert outcome.summary.failures == 3
    assert connected[-1] == 3


async def test_a_stop_ends_within_a_second_and_keeps_the_figures(unencrypted):
    stop, began = asyncio.Event(), []

    def watch(progress):
        if progress.elapsed > 0.4 and not stop.is_set():
            stop.set()
            began.append(time.monotonic())

    outcome = await load(endpoint_of(unencrypted), seconds=60, clients=8, stop=stop, watch=watch)

    assert time.monotonic() - began[0] < 1
    assert outcome.failure is None
    assert outcome.detail["stopped"] == "cancelled"
    assert outcome.summary is not None
    assert outcome.summary.samples > 0
    await all_closed(unencrypted.port)


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT 1 FROM pg_sleep(50)"])
@pytest.mark.parametrize("after", [0.0, 0.03, 0.5])
async def test_a_cancelled_test_is_gone_within_a_second(unencrypted, sql, after):
    async def run() -> None:
        plan = LoadPlan(clients=8, seconds=60, workload="sql", sql=sql)
        async for _ in run_load(endpoint_of(unencrypted), plan):
            pass

    task = asyncio.create_task(run())
    await asyncio.sleep(after)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 1
    await all_closed(unencrypted.port)


async def test_too_many_errors_stop_the_test(unencrypted):
    outcome = await load(endpoint_of(unencrypted), seconds=30, workload="sql", sql="SELECT 1 / 0")

    assert outcome.failure is not None
    assert outcome.failure.code == "query_failed"
    assert "division by zero" in outcome.failure.message
    assert outcome.detail["stopped"] == "errors"
    assert outcome.detail["elapsed"] < 5


async def test_errors_below_the_share_are_only_counted(unencrypted):
    outcome = await load(
        endpoint_of(unencrypted),
        workload="sql",
        sql="SELECT 1 / (random() > 0.2)::int",
        max_error_share=0.9,
    )

    assert outcome.failure is None
    assert outcome.summary is not None
    assert outcome.summary.samples > outcome.summary.failures > 0
    assert outcome.detail["errors"] == {"query_failed": outcome.summary.failures}


async def test_no_more_than_half_of_the_free_slots_are_taken(idle):
    with running(idle, {"max_connections": "20", "superuser_reserved_connections": "3"}):
        endpoint = endpoint_of(idle, user="postgres", password="super secret")
        within = await load(endpoint, clients=5, seconds=0.5)
        beyond = await load(endpoint, clients=10, seconds=0.5)
        allowed = await load(endpoint, clients=10, seconds=0.5, all_slots=True)
        impossible = await load(endpoint, clients=40, seconds=0.5, all_slots=True)

    assert within.failure is None
    assert within.detail["free_slots"] is not None
    assert beyond.failure is not None
    assert (beyond.failure.code, beyond.failure.phase) == ("slots_exceeded", "worker")
    assert beyond.summary is not None
    assert beyond.summary.samples == 0
    assert allowed.failure is None
    assert impossible.failure is not None
    assert impossible.failure.code == "too_many_connections"
    await all_closed(idle.port)


async def test_to_call_a_server_pooled_lifts_no_limit(idle):
    with running(idle, {"max_connections": "20", "superuser_reserved_connections": "3"}):
        endpoint = endpoint_of(idle, user="postgres", password="super secret", pooled=True)
        outcome = await load(endpoint, clients=10, seconds=0.5)

    assert outcome.failure is not None
    assert outcome.failure.code == "slots_exceeded"


async def test_a_roles_own_limit_counts_too(idle):
    with running(idle):
        idle.sql("CREATE ROLE few LOGIN PASSWORD 'pencil' CONNECTION LIMIT 10")
        outcome = await load(endpoint_of(idle, user="few"), clients=6, seconds=0.5)
        idle.sql("DROP ROLE few")

    assert outcome.failure is not None
    assert outcome.failure.code == "slots_exceeded"


HOSTILE = {
    "silent": (hostile.silent, "auth_timeout"),
    "dropping": (hostile.drops, "connection_lost"),
    "not answering": (answers(WELCOME), "query_timeout"),
    "endless rows": (floods(WELCOME, message(b"D", b"\0\0")), "protocol_violation"),
    "errors": (answers(WELCOME, *[error("XX000", b"no", b"ERROR") + READY] * 400), "query_failed"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_server_is_a_failure_in_time(name):
    behaviour, code = HOSTILE[name]
    async with hostile.serve(behaviour) as port:
        async with asyncio.timeout(8):
            outcome = await load(at(port, connect_timeout=0.5), all_slots=True)
        await all_closed(port)

    assert outcome.failure is not None
    assert outcome.failure.code == code


def speaks_prepared(reply: bytes) -> hostile.Behaviour:
    """Lets everything be prepared, then answers every request with ``reply``."""

    async def behave(reader, writer):
        await hostile.startup(reader, writer)
        writer.write(WELCOME)
        prepared = False
        while True:
            kind, _ = await hostile.request(reader)
            if kind == b"Q":
                writer.write(message(b"C", b"BEGIN\0") + READY)
            elif kind == b"S" and not prepared:
                prepared = True
                writer.write(message(b"1") + READY)
            elif kind == b"S":
                writer.write(reply)
            elif kind == b"X":
                return

    return behave


ANSWERS = {
    "rows without end": (message(b"D", b"\0\0") * 3_000_000, "result_too_large"),
    "a row of 2 GiB": (b"D\x7f\xff\xff\xff" + b"x" * 9_000_000, "result_too_large"),
    "parameters without end": (hostile.parameter("a", "b" * 50) * 200_000, "result_too_large"),
    "two answers": (message(b"C", b"SELECT 1\0") + READY + READY, "protocol_violation"),
    "an error of 10 MB": (error("XX000", b"x" * 10_000_000), "protocol_violation"),
    "a negative length": (b"D\xff\xff\xff\xff", "protocol_violation"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_hostile_answer_is_cut_and_costs_no_memory(name):
    reply, code = ANSWERS[name]
    async with hostile.serve(speaks_prepared(reply)) as port:
        outcome = await load(at(port, connect_timeout=1), all_slots=True)
        await all_closed(port)

    assert outcome.failure is not None
    assert outcome.failure.code == code
    assert outcome.summary is not None
    assert outcome.summary.samples == 0
