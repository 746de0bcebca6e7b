"""Through Debian's PgBouncer in transaction mode: the same answers, no trace left, and what it hides is said."""

import asyncio

import psycopg
import pytest

from probes.engine import pooler
from tests.probes.engine.health.conftest import STRANGER, USERS, WATCHER, checks_of, examined
from tests.rigs.pgbouncer import PgBouncer
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD


@pytest.mark.parametrize("user", USERS)
async def test_every_check_answers_through_it(ward, user):
    direct = checks_of(await examined(ward.get(17).port, user))
    pooled = checks_of(await examined(ward.pooler().port, user))

    assert list(pooled) == list(direct)
    assert all("could not be asked" not in check["hint"] for check in pooled.values())
    assert [check["needs"] for check in pooled.values()] == [check["needs"] for check in direct.values()]


async def test_it_is_recognised_and_says_what_it_hides(ward):
    outcome = await examined(ward.pooler().port, WATCHER)

    checks = checks_of(outcome)
    assert outcome.server.pooler == checks["pooler"]["value"] == "PgBouncer-like"
    assert "hides" in checks["pooler"]["hint"]
    assert "not counted" in checks["connections"]["caveat"]
    assert all(checks[key]["caveat"] for key in ("long_transactions", "idle_in_transaction", "blocked"))
    assert checks["cache_hits"]["caveat"] == ""


async def test_the_backend_is_the_servers_and_not_what_the_pooler_made_up(ward):
    bouncer = ward.pooler()
    outcome = await examined(bouncer.port, WATCHER)

    with psycopg.connect(
        host="127.0.0.1", port=bouncer.port, user=WATCHER, password=USERS[WATCHER], dbname="postgres"
    ) as other:
        row = other.execute("SELECT pg_backend_pid()").fetchone()
    # The pool held one connection, and it was alive after the probe had left.
    assert row == (outcome.server.backend_pid,)


async def test_its_name_is_certain_where_it_gives_itself_away(ward):
    ward.pooler()
    telling = PgBouncer(ward.get(17), USERS, {"application_name_add_host": "1"})
    telling.start()
    try:
        outcome = await examined(telling.port, WATCHER)
    finally:
        telling.stop()

    assert outcome.server.pooler == "PgBouncer"


def test_what_pgbouncer_calls_its_prepared_statements_gives_it_away():
    assert pooler.recognise(8, 7, "meridian/home", keeps_statements=True) == "PgBouncer"
    assert pooler.recognise(8, 7, "meridian/home", keeps_statements=False) == "PgBouncer-like"
    assert pooler.recognise(7, 7, "meridian/home", keeps_statements=True) == ""


async def test_nothing_is_left_on_the_connection_that_the_next_client_gets(ward):
    bouncer = ward.pooler()
    await asyncio.gather(*[examined(bouncer.port) for _ in range(6)])

    with psycopg.connect(
        host="127.0.0.1", port=bouncer.port, user=SUPERUSER, password=SUPERUSER_PASSWORD, dbname="postgres"
    ) as other:
        for name in ("search_path", "statement_timeout", "lock_timeout", "transaction_read_only", "jit"):
            row = other.execute(
                "SELECT setting = reset_val FROM pg_settings WHERE name = %s", [name]
            ).fetchone()
            assert row == (True,), name
        assert other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    assert "client disconnect while server was not ready" not in bouncer.log()


async def test_a_temporary_table_of_an_earlier_client_cannot_stand_in_for_the_catalogue(ward):
    bouncer = ward.pooler()
    with psycopg.connect(
        host="127.0.0.1",
        port=bouncer.port,
        user=STRANGER,
        password=USERS[STRANGER],
        dbname="postgres",
        autocommit=True,
    ) as earlier:
        earlier.execute(
            "CREATE TEMP TABLE pg_stat_database AS SELECT 666 AS blks_hit, current_database() AS datname"
        )
        earlier.execute("CREATE TEMP TABLE pg_settings (a int)")
        try:
            checks = checks_of(await examined(bouncer.port, STRANGER))
        finally:
            earlier.execute("DISCARD TEMP")

    assert all("could not be asked" not in check["hint"] for check in checks.values())


async def test_a_server_without_one_is_not_taken_for_one(any_patient):
    assert (await examined(any_patient.port)).server.pooler == ""
