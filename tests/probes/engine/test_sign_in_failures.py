"""Each way in which a real server turns a client away has its own code, phase and SQLSTATE."""

import asyncio

import asyncpg
import pytest

from probes.engine.connection import probe_connection
from tests.probes.engine.conftest import endpoint_of, superuser_of
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD, running


@pytest.mark.parametrize(
    ("fields", "code", "sqlstate"),
    [
        ({"password": "wrong"}, "auth_failed", "28P01"),
        ({"password": ""}, "auth_failed", "28P01"),
        ({"user": "nobody at all"}, "auth_rejected", "28000"),
        ({"user": "absent"}, "no_such_role", "28000"),
        ({"user": ""}, "auth_rejected", "28000"),
        ({"user": "banned"}, "auth_rejected", "28000"),
        ({"user": "limited"}, "too_many_connections", "53300"),
        ({"database": "nope"}, "no_such_database", "3D000"),
        ({"database": "closed"}, "database_closed", "55000"),
        ({"database": "walled"}, "connect_denied", "42501"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
async def test_a_rejection_is_told_apart_on_every_version(any_version, fields, code, sqlstate):
    outcome = await probe_connection(endpoint_of(any_version, sslmode="prefer", **fields))

    failure = outcome.failure
    assert failure is not None
    assert (failure.code, failure.phase, failure.sqlstate) == (code, "auth", sqlstate)
    assert failure.message
    assert failure.hint
    assert outcome.timings.auth is not None
    assert outcome.timings.query is None


async def test_a_clear_text_password_is_not_sent_without_tls(any_version):
    outcome = await probe_connection(endpoint_of(any_version, user="clear", sslmode="disable"))

    assert outcome.failure is not None
    assert outcome.failure.code == "cleartext_password_refused"


async def test_a_full_server_is_told_apart(idle):
    with running(idle, {"max_connections": "3", "superuser_reserved_connections": "2"}):
        idle.sql("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN PASSWORD 'pencil'")
        taken = await asyncpg.connect(
            host="127.0.0.1", port=idle.port, user=SUPERUSER, password=SUPERUSER_PASSWORD, ssl=False
        )
        try:
            outcome = await probe_connection(endpoint_of(idle, user="guest"))
        finally:
            await taken.close()

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.sqlstate) == ("too_many_connections", "53300")


async def test_a_server_that_stops_is_told_apart(idle):
    with running(idle):
        blocker = await asyncpg.connect(
            host="127.0.0.1", port=idle.port, user=SUPERUSER, password=SUPERUSER_PASSWORD, ssl=False
        )
        try:
            idle.begin_smart_shutdown()
            codes = set()
            for _ in range(100):
                outcome = await probe_connection(superuser_of(idle))
                codes.add(outcome.failure.code if outcome.failure else "")
                if "shutting_down" in codes:
                    break
                await asyncio.sleep(0.02)
        finally:
            await blocker.close()

    assert "shutting_down" in codes
    assert codes <= {"", "shutting_down"}


@pytest.mark.parametrize("field", ["user", "database", "password", "application_name", "host"])
async def test_a_nul_never_reaches_the_server(unencrypted, field):
    outcome = await probe_connection(endpoint_of(unencrypted, **{field: "ada\0database\0walled"}))

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("endpoint_invalid", "worker")


@pytest.mark.parametrize("port", [0, -1, 65536])
async def test_an_impossible_port_is_our_settings_fault(unencrypted, port):
    outcome = await probe_connection(endpoint_of(unencrypted, port=port))

    assert outcome.failure is not None
    assert outcome.failure.code == "endpoint_invalid"
