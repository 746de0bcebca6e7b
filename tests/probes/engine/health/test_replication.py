"""A primary and its streaming replica, each seen from both ends."""

import time

import pytest

from tests.probes.engine.health.conftest import STRANGER, USERS, WATCHER, checks_of, examined

PRIMARY_ONLY = {"replication_slots", "vacuum", "unused_indexes"}


@pytest.mark.parametrize("user", USERS)
async def test_a_replica_answers_every_check_that_has_a_meaning_there(ward, user):
    replica = ward.replica()
    before = len(replica.log())
    outcome = await examined(replica.port, user)

    checks = checks_of(outcome)
    assert outcome.server.in_recovery is True
    assert not PRIMARY_ONLY & set(checks)
    assert checks["connections"]["value"] > 0
    assert all("could not be asked" not in check["hint"] for check in checks.values())
    assert "ERROR" not in replica.log()[before:]


@pytest.mark.parametrize("user", USERS)
async def test_a_replica_that_keeps_up_has_no_lag(ward, user):
    replica = ward.replica()
    target = ward.primary().sql("CREATE TABLE IF NOT EXISTS written (a int)", "SELECT pg_current_wal_lsn()")
    _wait_until(lambda: replica.sql(f"SELECT pg_last_wal_replay_lsn() >= '{target}'") == "True")
    outcome = await examined(replica.port, user)

    check = checks_of(outcome)["replication"]
    assert (check["verdict"], check["unit"]) == ("good", "s")
    assert check["value"] < 10
    assert outcome.detail["figures"]["lag_seconds"] == check["value"]


async def test_the_primary_sees_its_replica_and_hides_the_lag_from_a_stranger(ward):
    ward.replica()
    seen = await examined(ward.primary().port, WATCHER)
    hidden = await examined(ward.primary().port, STRANGER)

    (row,) = checks_of(seen)["replication"]["rows"]
    assert (row["application"], row["state"], row["address"]) == ("replica", "streaming", "127.0.0.1")
    assert row["lag_bytes"] >= 0
    assert seen.detail["figures"]["replicas"] == 1
    check = checks_of(hidden)["replication"]
    assert (check["verdict"], check["value"]) == ("unknown", None)
    assert "1 replica;" in check["hint"]
    assert check["needs"] == 'GRANT pg_monitor TO "stranger";'


async def test_paused_replay_is_something_to_act_on(ward):
    replica = ward.replica()
    replica.sql("SELECT pg_wal_replay_pause()")
    try:
        check = checks_of(await examined(replica.port, STRANGER))["replication"]
    finally:
        replica.sql("SELECT pg_wal_replay_resume()")

    assert check["verdict"] == "act"
    assert "pg_wal_replay_resume" in check["hint"]


async def test_a_replica_cut_off_from_its_primary_does_not_claim_to_have_no_lag(ward):
    replica = ward.replica()
    source = replica.sql("SHOW primary_conninfo").replace("'", "''")
    replica.sql("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
    try:
        _wait_until(lambda: replica.sql("SELECT count(*) FROM pg_stat_wal_receiver") == "0")
        check = checks_of(await examined(replica.port, STRANGER))["replication"]
    finally:
        replica.sql(f"ALTER SYSTEM SET primary_conninfo = '{source}'", "SELECT pg_reload_conf()")
        _wait_until(lambda: replica.sql("SELECT count(*) FROM pg_stat_wal_receiver") == "1")

    assert check["verdict"] in ("watch", "unknown")
    assert "receives from no primary" in check["hint"]


async def test_a_slot_that_keeps_back_the_log_is_listed(patient):
    patient.sql("SELECT pg_create_physical_replication_slot('forgotten', true)")
    try:
        check = checks_of(await examined(patient.port, STRANGER))["replication_slots"]
    finally:
        patient.sql("SELECT pg_drop_replication_slot('forgotten')")

    (row,) = check["rows"]
    assert (row["slot"], row["active"], row["wal_status"]) == ("forgotten", False, "reserved")
    assert check["value"] == row["retained_bytes"] >= 0
    assert check["verdict"] == "good"


def _wait_until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
