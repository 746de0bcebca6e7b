"""Health of real servers of every version, seen by users with all rights, with pg_monitor, and with next to none."""

import asyncio
import json
import time
from datetime import UTC

import pytest

from probes.engine.health.catalogue import CHECKS
from probes.engine.outcome import Outcome
from tests.probes.engine.health.conftest import STRANGER, USERS, WATCHER, checks_of, examined

VERDICTS = {"good", "watch", "act", "unknown"}


@pytest.mark.parametrize("user", USERS)
async def test_every_check_answers_on_every_version_to_every_user(any_patient, user):
    outcome = await examined(any_patient.port, user)

    checks = checks_of(outcome)
    assert list(checks) == ["pooler", *(check.key for check in CHECKS)]
    for check in checks.values():
        assert check["verdict"] in VERDICTS
        assert check["hint"]
        assert "could not be asked" not in check["hint"]
        assert len(check["rows"]) <= 50


async def test_a_user_in_pg_monitor_lacks_nothing(any_patient):
    checks = checks_of(await examined(any_patient.port, WATCHER))

    assert [key for key, check in checks.items() if check["needs"]] == []
    assert {key for key, check in checks.items() if check["verdict"] == "unknown"} <= {"cache_hits"}


async def test_what_is_hidden_from_a_user_without_rights_is_unknown_and_says_what_it_needs(any_patient):
    checks = checks_of(await examined(any_patient.port, STRANGER))

    for key in ("long_transactions", "idle_in_transaction"):
        assert checks[key]["verdict"] == "unknown"
        assert checks[key]["value"] is None
    needing = {key for key, check in checks.items() if check["needs"]}
    assert needing == {"connections", "statements", "long_transactions", "idle_in_transaction"}
    assert {checks[key]["needs"] for key in needing} == {'GRANT pg_monitor TO "stranger";'}


@pytest.mark.parametrize("user", USERS)
async def test_charts_find_their_figures_as_plain_numbers(any_patient, user):
    figures = (await examined(any_patient.port, user)).detail["figures"]

    size = int(any_patient.sql("SELECT pg_database_size(current_database())"))
    assert figures["size_bytes"] == pytest.approx(size, rel=0.2)
    assert 0 < figures["cache_hit_ratio"] <= 1
    assert 1 <= figures["connections_used"] <= figures["connections_limit"] == 57
    assert figures["lag_seconds"] is None
    assert all(isinstance(value, int | float | None) for value in figures.values())


async def test_the_outcome_is_that_of_a_probe_and_survives_the_queue(any_patient):
    outcome = await examined(any_patient.port)

    assert outcome.kind == "health"
    assert outcome.summary is None
    assert outcome.started.tzinfo is UTC
    timings = outcome.timings
    assert None not in (timings.tcp, timings.auth, timings.query, timings.total)
    assert timings.total > timings.tcp + timings.auth + timings.query
    assert outcome.server.version == any_patient.sql("SHOW server_version")
    assert outcome.server.in_recovery is False
    assert outcome.server.pooler == ""
    assert Outcome.from_dict(json.loads(json.dumps(outcome.as_dict()))) == outcome


async def test_no_check_is_refused_by_the_server_or_leaves_a_session_behind(any_patient):
    before = len(any_patient.log())
    # A name of its own: another test's stalled session on this server is not this one's.
    for user in USERS:
        await examined(any_patient.port, user, application_name="meridian/refused")

    written = [
        line for line in any_patient.log()[before:].splitlines() if line.startswith("meridian/refused:")
    ]
    assert [line for line in written if "ERROR" in line or "WARNING" in line] == []
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'meridian/refused'"
    deadline = time.monotonic() + 20
    while any_patient.sql(ours) != "0":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_nothing_is_written_and_no_setting_outlives_the_check(any_patient):
    """What a role brings along must not change an answer either."""
    any_patient.sql(
        "DROP ROLE IF EXISTS odd",
        "CREATE ROLE odd LOGIN PASSWORD 'pencil' IN ROLE pg_monitor",
        "ALTER ROLE odd SET default_transaction_isolation = serializable",
        "ALTER ROLE odd SET datestyle = 'SQL, DMY'",
        "ALTER ROLE odd SET bytea_output = escape",
        "ALTER ROLE odd SET extra_float_digits = -15",
        "ALTER ROLE odd SET standard_conforming_strings = off",
        "ALTER ROLE odd SET quote_all_identifiers = on",
    )
    outcome = await examined(any_patient.port, "odd")

    assert {check["verdict"] for check in checks_of(outcome).values()} <= {"good", "watch", "act", "unknown"}
    assert all("could not be asked" not in check["hint"] for check in outcome.detail["checks"])
