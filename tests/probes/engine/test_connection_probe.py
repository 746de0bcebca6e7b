"""A probe of a server that works: what it measures, what it tells, and what it must not read."""

import json
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from probes.engine.connection import probe_connection
from probes.engine.outcome import Outcome
from tests.probes.engine.conftest import endpoint_of, superuser_of
from tests.rigs import relay
from tests.rigs.postgres import running

ODD_PASSWORDS = ["@/:#?&=%", 'it\'s "quoted" \\ $$', "пароль 🔑", "%41+ x", "x" * 900, "١٢٣ ﬁ"]


async def test_every_phase_is_timed_on_every_version(any_version):
    outcome = await probe_connection(endpoint_of(any_version, host="localhost", sslmode="prefer"))

    assert outcome.failure is None
    timings = outcome.timings
    phases = [timings.dns, timings.tcp, timings.tls, timings.auth, timings.query]
    assert all(phase is not None and phase > 0 for phase in phases)
    assert timings.total is not None
    assert timings.total >= sum(phase for phase in phases if phase is not None)


async def test_the_server_describes_itself_on_every_version(any_version):
    outcome = await probe_connection(endpoint_of(any_version, sslmode="prefer"))

    server = outcome.server
    assert server.version == any_version.sql("SHOW server_version")
    assert server.address == f"127.0.0.1:{any_version.port}"
    assert server.backend_pid is not None
    assert server.backend_pid > 0
    assert server.in_recovery is False
    assert server.pooler == ""
    has_tls = any_version.sql("SHOW ssl") == "on"
    assert server.tls_version == ("TLSv1.3" if has_tls else "")
    assert bool(server.tls_cipher) == has_tls


async def test_an_address_needs_no_dns_and_no_tls_means_no_tls_time(unencrypted):
    outcome = await probe_connection(endpoint_of(unencrypted))

    assert outcome.ok
    assert outcome.timings.dns is None
    assert outcome.timings.tls is None
    assert outcome.server.tls_version == ""


async def test_times_are_aware_and_the_outcome_survives_the_queue(unencrypted):
    outcome = await probe_connection(endpoint_of(unencrypted))

    assert outcome.started.tzinfo is UTC
    assert timedelta() < outcome.finished - outcome.started < timedelta(seconds=3)
    assert Outcome.from_dict(json.loads(json.dumps(outcome.as_dict()))) == outcome


async def test_a_failure_survives_the_queue(unencrypted):
    outcome = await probe_connection(endpoint_of(unencrypted, password="wrong"))

    assert Outcome.from_dict(json.loads(json.dumps(outcome.as_dict()))) == outcome


@pytest.mark.parametrize("password", ODD_PASSWORDS)
async def test_a_password_may_hold_any_character(unencrypted, password):
    unencrypted.sql(f"ALTER ROLE walled PASSWORD {quoted(password)}")

    outcome = await probe_connection(endpoint_of(unencrypted, user="walled", password=password))

    assert outcome.failure is None


@pytest.mark.parametrize("user", ["old", "clear", "trusted", "ada"])
async def test_each_way_to_sign_in_works_over_tls(encrypted, user):
    outcome = await probe_connection(endpoint_of(encrypted, user=user, sslmode="require"))

    assert outcome.failure is None


async def test_the_administrator_of_the_server_sees_who_calls(unencrypted):
    unencrypted.sql("ALTER SYSTEM SET log_connections = on", "SELECT pg_reload_conf()")

    await probe_connection(endpoint_of(unencrypted, application_name="meridian/ireland"))

    assert "application_name=meridian/ireland" in unencrypted.log()


async def test_nothing_is_read_from_the_environment_or_from_files(unencrypted, monkeypatch, tmp_path):
    port = unencrypted.port
    (tmp_path / ".pgpass").write_text("*:*:*:*:pencil\n")
    (tmp_path / ".pgpass").chmod(0o600)
    (tmp_path / ".pg_service.conf").write_text("[all]\nuser=trusted\n")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name, value in {
        "HOME": str(tmp_path),
        "PGHOST": "192.0.2.1",
        "PGPORT": "1",
        "PGUSER": "trusted",
        "PGPASSWORD": "pencil",
        "PGPASSFILE": str(tmp_path / ".pgpass"),
        "PGDATABASE": "closed",
        "PGSSLMODE": "verify-full",
        "PGSERVICE": "all",
        "PGSERVICEFILE": str(tmp_path / ".pg_service.conf"),
        "PGTARGETSESSIONATTRS": "standby",
        "PGSSLNEGOTIATION": "direct",
        "PGGSSLIB": "nonsense",
        "PGOPTIONS": "-c statement_timeout=1",
    }.items():
        monkeypatch.setenv(name, value)

    works = await probe_connection(endpoint_of(unencrypted))
    without_password = await probe_connection(endpoint_of(unencrypted, password=""))

    assert works.failure is None
    assert works.server.address == f"127.0.0.1:{port}"
    assert without_password.failure is not None
    assert without_password.failure.code == "auth_failed"


async def test_a_standby_says_that_it_is_in_recovery(idle):
    # A standby refuses to start with lower limits than its data was last used with, by whatever test.
    with running(idle):
        pass
    signal = idle.data / "standby.signal"
    signal.touch()
    try:
        with running(idle):
            outcome = await probe_connection(superuser_of(idle))
    finally:
        signal.unlink(missing_ok=True)

    assert outcome.server.in_recovery is True


async def test_a_server_that_does_not_report_recovery_is_asked(any_version):
    async with relay.without_parameter(any_version.port, "in_hot_standby") as port:
        outcome = await probe_connection(endpoint_of(any_version, port=port))

    assert outcome.failure is None
    assert outcome.server.in_recovery is False


async def test_nobody_waits_for_a_pooler_to_be_looked_for_where_none_shows(unencrypted, monkeypatch):
    asked = []

    async def note(session, trace):
        asked.append(session.endpoint.pooled)

    monkeypatch.setattr("probes.engine.connection.note_pooler", note)
    assert (await probe_connection(endpoint_of(unencrypted))).ok
    assert asked == []
    assert (await probe_connection(endpoint_of(unencrypted, pooled=True))).ok
    assert asked == [True]


async def test_the_farewell_is_polite(unencrypted):
    outcome = await probe_connection(endpoint_of(unencrypted))

    assert f"[{outcome.server.backend_pid}] LOG:  could not receive" not in unencrypted.log()
    assert f"[{outcome.server.backend_pid}] LOG:  unexpected EOF" not in unencrypted.log()


def quoted(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
