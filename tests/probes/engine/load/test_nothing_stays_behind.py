"""However a load test ends, the server soon does nothing for it any more: not even the statement under way."""

import asyncio
import json
import signal
import ssl
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from probes.engine.egress import EgressRules
from probes.engine.load import LoadPlan, run_load
from tests.probes.engine.conftest import at, endpoint_of, make_cluster, superuser_of
from tests.probes.engine.load.runs import load
from tests.rigs import backends, hostile
from tests.rigs.pgbouncer import PgBouncer, program
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD
from tests.rigs.sockets import all_closed

PROJECT = Path(__file__).parents[4]
NAME = "meridian/cancel-test"

STATEMENTS = {
    "sleeping": "SELECT 1 FROM pg_sleep(50)",
    "computing": "SELECT count(*) FROM generate_series(1, 5000000000) n",
    "sorting": "SELECT n FROM generate_series(1, 50000000) n ORDER BY md5(n::text)",
}


async def gone(cluster, seconds: float = 2.0) -> None:
    """Fails unless the server has no session of ours within so many seconds."""
    deadline = time.monotonic() + seconds
    while left := await asyncio.to_thread(backends.pids, cluster, NAME):
        assert time.monotonic() < deadline, f"sessions {left} are still there"
        await asyncio.sleep(0.05)


async def busy(cluster, count: int) -> None:
    """Waits until that many sessions of ours run a statement."""
    sql = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{NAME}' AND state = 'active'"
    deadline = time.monotonic() + 20
    while int(await asyncio.to_thread(cluster.sql, sql)) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def endless(sql: str, clients: int = 4, **plan) -> LoadPlan:
    return LoadPlan(clients=clients, seconds=60, workload="sql", sql=sql, statement_seconds=60, **plan)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_cancelled_tests_statements_end_on_the_server(unencrypted, name, processes):
    endpoint = endpoint_of(unencrypted, application_name=NAME, connect_timeout=5)
    plan = endless(STATEMENTS[name], processes=processes)

    async def run() -> None:
        async for _ in run_load(endpoint, plan):
            pass

    task = asyncio.create_task(run())
    await busy(unencrypted, 4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(unencrypted)
    await all_closed(unencrypted.port)


@pytest.mark.parametrize("sslmode", ["disable", "require"])
async def test_a_stop_ends_them_too_and_is_no_failure(encrypted, sslmode):
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.8, stop.set)
    endpoint = endpoint_of(encrypted, application_name=NAME, sslmode=sslmode)

    outcome = await _last(run_load(endpoint, endless(STATEMENTS["sleeping"]), stop=stop))

    assert outcome.failure is None
    assert outcome.detail["stopped"] == "cancelled"
    assert outcome.detail["errors"] == {}
    await gone(encrypted)
    await all_closed(encrypted.port)


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_stop_while_the_last_answers_are_awaited_ends_them_too(any_version, processes):
    stop = asyncio.Event()
    stopped: list[float] = []

    def stop_later(progress):
        if not stopped:
            asyncio.get_running_loop().call_later(1, lambda: (stop.set(), stopped.append(time.monotonic())))

    outcome = await load(
        endpoint_of(any_version, application_name=NAME),
        workload="sql",
        sql=STATEMENTS["sleeping"],
        seconds=0.5,
        statement_seconds=60,
        processes=processes,
        stop=stop,
        watch=stop_later,
    )

    assert time.monotonic() - stopped[0] < 1
    assert outcome.failure is None
    assert outcome.detail["stopped"] == "cancelled"
    assert outcome.detail["errors"] == {}
    await gone(any_version)


async def test_a_worker_that_is_killed_leaves_nothing_either(unencrypted):
    script = (
        "import asyncio, json, sys\n"
        "from probes.engine.endpoint import Endpoint\n"
        "from probes.engine.load import LoadPlan, run_load\n"
        "async def run(endpoint, plan):\n"
        "    async for _ in run_load(Endpoint(**endpoint), LoadPlan(**{**plan, 'ramp': ()})): pass\n"
        "asyncio.run(run(*json.load(sys.stdin)))\n"
    )
    endpoint = endpoint_of(unencrypted, application_name=NAME, connect_timeout=5)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script), stdin=asyncio.subprocess.PIPE, cwd=PROJECT
    )
    assert worker.stdin is not None
    worker.stdin.write(json.dumps([asdict(endpoint), asdict(endless(STATEMENTS["sleeping"]))]).encode())
    worker.stdin.close()
    try:
        await busy(unencrypted, 4)
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()

    await gone(unencrypted)


async def test_through_a_pooler_the_servers_statement_ends_and_its_connection_lives():
    if program() is None:
        pytest.skip("PgBouncer is not installed on this machine")
    cluster = make_cluster(17)
    bouncer = PgBouncer(cluster, {SUPERUSER: SUPERUSER_PASSWORD}, {"default_pool_size": "4"})
    try:
        cluster.hba("host all all 127.0.0.1/32 scram-sha-256")
        cluster.start()
        bouncer.start()
        stop = asyncio.Event()
        endpoint = superuser_of(cluster, port=bouncer.port, application_name=NAME, connect_timeout=5)
        task = asyncio.create_task(_last(run_load(endpoint, endless(STATEMENTS["sleeping"]), stop=stop)))
        await busy(cluster, 4)
        stop.set()
        outcome = await task
        deadline = time.monotonic() + 2
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        while cluster.sql(asleep) != "0":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    finally:
        bouncer.stop()
        cluster.remove()

    assert outcome.failure is None
    assert outcome.server.pooler == "PgBouncer-like"


async def _last(events):
    return [event async for event in events][-1]


def prepares_then_hangs(cancelled: list[bytes], context: ssl.SSLContext | None) -> hostile.Behaviour:
    """Lets everything be prepared, then never answers; notes what asks to cancel and under which encryption."""

    async def behave(reader, writer):
        head = await reader.readexactly(8)
        if context is not None:
            assert head == hostile.SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(context)
            head = await reader.readexactly(8)
        if head[4:] == hostile.CANCEL_REQUEST:
            cancelled.append(await reader.readexactly(8))
            return
        await reader.readexactly(int.from_bytes(head[:4], "big") - 8)
        writer.write(hostile.WELCOME)
        prepared = False
        while True:
            kind, _ = await hostile.request(reader)
            if kind == b"Q":
                writer.write(hostile.message(b"C", b"BEGIN\0") + hostile.READY)
            elif kind == b"S" and not prepared:
                prepared = True
                writer.write(hostile.message(b"1") + hostile.READY)
            elif kind == b"X":
                return

    return behave


@pytest.mark.parametrize("tls", [False, True])
async def test_the_request_to_cancel_shows_the_key_at_the_same_address_under_the_same_tls(
    server_certificate, tmp_path, tls
):
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (tmp_path / "pair.pem").write_text(server_certificate.certificate + server_certificate.key)
        context.load_cert_chain(tmp_path / "pair.pem")
    cancelled: list[bytes] = []
    async with hostile.serve(prepares_then_hangs(cancelled, context)) as port:
        endpoint = at(port, sslmode="require" if tls else "disable")
        began = time.monotonic()
        outcome = await load(endpoint, clients=2, seconds=0.5, all_slots=True)
        took = time.monotonic() - began
        await all_closed(port)

    assert cancelled
    assert set(cancelled) == {hostile.KEY[5:]}
    assert outcome.failure is not None
    assert outcome.failure.code == "query_timeout"
    assert took < 3


async def test_no_kind_of_load_opens_a_socket_to_a_denied_address(unencrypted):
    rules = EgressRules.denying(["127.0.0.0/8"])
    for processes in (1, 2):
        plan = LoadPlan(clients=2, seconds=0.5, processes=processes)
        outcome = await _last(run_load(endpoint_of(unencrypted, application_name=NAME), plan, rules=rules))
        assert outcome.failure.code == "egress_denied"
    assert backends.pids(unencrypted, NAME) == []
