"""Every kind of probe through PgBouncer in transaction mode, declared or not: it works, and the pool keeps no trace."""

import asyncio
import re
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from probes.engine.connection import probe_connection
from probes.engine.health import probe_health
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.load import create_scratch, drop_scratch
from tests.probes.engine.conftest import superuser_of
from tests.probes.engine.load.runs import load
from tests.rigs.pgbouncer import PgBouncer, program
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD

KEEPS_STATEMENTS = (1, 21)
"""The first version of PgBouncer that knows max_prepared_statements, and keeps 200 unless told otherwise."""


def version() -> tuple[int, int]:
    found = program()
    if found is None:
        return (0, 0)
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"PgBouncer (\d+)\.(\d+)", told)
    assert match is not None
    return int(match[1]), int(match[2])


SETTINGS = {"as shipped": {}}
if version() >= KEEPS_STATEMENTS:
    SETTINGS["keeping no statements"] = {"max_prepared_statements": "0"}


@pytest.fixture(scope="module", params=SETTINGS.values(), ids=SETTINGS)
def bouncer(request, servers) -> Iterator[PgBouncer]:
    if program() is None:
        pytest.skip("PgBouncer is not installed on this machine")
    started = PgBouncer(servers.get(17, tls=False), {SUPERUSER: SUPERUSER_PASSWORD}, request.param)
    started.start()
    yield started
    started.stop()


@pytest.fixture(params=[True, False], ids=["declared", "not declared"])
def endpoint(request, bouncer):
    return superuser_of(bouncer.cluster, port=bouncer.port, pooled=request.param, connect_timeout=10)


def untouched(bouncer: PgBouncer) -> None:
    """Fails if one of the pool's server connections holds a statement, a setting or an open transaction."""
    settings = (
        "statement_timeout",
        "transaction_read_only",
        "search_path",
        "client_connection_check_interval",
    )
    connections = [
        psycopg.connect(
            host="127.0.0.1",
            port=bouncer.port,
            user=SUPERUSER,
            password=SUPERUSER_PASSWORD,
            dbname="postgres",
        )
        for _ in range(2)
    ]
    try:
        for connection in connections:
            found = connection.execute(
                "SELECT (SELECT count(*) FROM pg_prepared_statements WHERE name NOT LIKE 'PGBOUNCER%%'), "
                "(SELECT count(*) FROM pg_settings WHERE name = ANY(%s) AND setting <> reset_val)",
                [list(settings)],
            ).fetchone()
            assert found == (0, 0)
    finally:
        for connection in connections:
            connection.rollback()
            connection.close()
    assert "client disconnect while server was not ready" not in bouncer.log()


async def test_connection(bouncer, endpoint):
    outcome = await probe_connection(endpoint)

    assert outcome.failure is None
    assert outcome.server.pooler.startswith("PgBouncer")
    assert outcome.server.backend_pid is None
    untouched(bouncer)


async def test_latency(bouncer, endpoint):
    outcome = await probe_latency(endpoint, LatencyPlan(samples=30, cold_connects=2))

    assert outcome.failure is None
    assert outcome.summary is not None
    assert (outcome.summary.samples, outcome.summary.failures) == (30, 0)
    assert outcome.detail["server_ms"] is None
    assert outcome.server.pooler.startswith("PgBouncer")
    assert outcome.server.backend_pid is None
    untouched(bouncer)


@pytest.mark.parametrize("workload", ["select1", "point", "range", "mixed", "sql"])
async def test_load(bouncer, endpoint, workload):
    await create_scratch(endpoint, 500)
    sql = "SELECT count(*) FROM pg_class" if workload == "sql" else ""
    try:
        # More clients than the pool has connections, so that requests of one client meet several.
        outcome = await load(endpoint, clients=6, seconds=0.7, workload=workload, sql=sql)
    finally:
        await drop_scratch(endpoint)

    assert outcome.failure is None
    assert outcome.detail["errors"] == {}
    assert outcome.summary is not None
    assert outcome.summary.samples > 10
    assert outcome.detail["free_slots"] is None
    assert outcome.server.pooler.startswith("PgBouncer")
    untouched(bouncer)


async def test_load_in_processes(bouncer, endpoint):
    outcome = await load(endpoint, clients=4, seconds=0.7, processes=2)

    assert outcome.failure is None
    assert outcome.detail["errors"] == {}


async def test_health(bouncer, endpoint):
    outcomes = await asyncio.gather(*(probe_health(endpoint) for _ in range(3)))

    for outcome in outcomes:
        assert outcome.failure is None
        assert outcome.server.pooler.startswith("PgBouncer")
        caveats = {check["key"] for check in outcome.detail["checks"] if check["caveat"]}
        assert {"connections", "long_transactions", "idle_in_transaction", "blocked"} <= caveats
    untouched(bouncer)
