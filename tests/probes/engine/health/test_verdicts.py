"""Verdicts on states that no test can bring a real server into: old transaction ids, lost slots, hours of lag."""

from datetime import UTC, datetime, timedelta

import pytest

from probes.engine.certificate import Certificate
from probes.engine.health import certificate
from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import span, volume
from probes.engine.health.verdicts import activity, indexes, replication, statements, storage, upkeep

GIB = 1 << 30


def facts(**changed) -> Facts:
    return Facts(
        **{"version": 170004, "replica": False, "pid": 1, "user": 'a"b', "sees_all": True, **changed}
    )


def rows(*columns) -> list[Row]:
    return [Row(dict(each)) for each in columns]


@pytest.mark.parametrize(
    ("hits", "reads", "verdict"),
    [(999, 1, "unknown"), (995_000, 5_000, "good"), (950_000, 50_000, "watch"), (800_000, 200_000, "act")],
)
def test_cache_hits(hits, reads, verdict):
    finding = storage.cache_hits(rows({"hits": hits, "reads": reads}), facts())

    assert finding.verdict == verdict
    assert finding.figures["cache_hit_ratio"] == round(hits / (hits + reads), 4)


@pytest.mark.parametrize(("used", "verdict"), [(10, "good"), (75, "watch"), (95, "act")])
def test_connections_against_the_limit_less_what_is_reserved(used, verdict):
    row = {"state": "idle", "sessions": used, "max_connections": 103, "reserved": 3}
    finding = activity.connections(rows({**row, "database_limit": -1, "user_limit": -1}), facts())

    assert (finding.verdict, finding.value) == (verdict, float(used))
    assert finding.figures["connections_limit"] == 100


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(150_000_000, "good"), (400_000_000, "watch"), (1_000_000_000, "watch"), (1_600_000_000, "act")],
)
def test_transaction_ids_that_run_out(age, verdict):
    row = {
        "database": "old",
        "xid_age": age,
        "freeze_max_age": 200_000_000,
        "multixact_freeze_max_age": 400_000_000,
    }
    assert upkeep.wraparound(rows(row), facts()).verdict == verdict


@pytest.mark.parametrize(
    ("live", "dead", "verdict"),
    [
        (10, 90, "good"),
        (1_000_000, 100_000, "good"),
        (100_000, 100_000, "watch"),
        (1_000_000, 2_000_000, "act"),
    ],
)
def test_dead_rows(live, dead, verdict):
    row = {"table_name": "t", "live_rows": live, "dead_rows": dead, "enabled": True}
    assert upkeep.vacuum(rows(row), facts()).verdict == verdict


@pytest.mark.parametrize(
    ("status", "active", "retained", "verdict"),
    [
        ("reserved", True, 5 * GIB, "good"),
        ("extended", True, 50 * GIB, "watch"),
        ("reserved", False, 2 * GIB, "watch"),
        ("extended", False, 20 * GIB, "act"),
        ("unreserved", True, 0, "act"),
        ("lost", False, None, "act"),
    ],
)
def test_slots(status, active, retained, verdict):
    row = {"slot_name": "s", "wal_status": status, "active": active, "retained_bytes": retained}
    assert replication.slots(rows(row), facts()).verdict == verdict


@pytest.mark.parametrize(
    ("columns", "lag", "verdict"),
    [
        (
            {
                "receiving": True,
                "replayed_all": True,
                "lag_bytes": 0,
                "since_last_transaction_seconds": 9_999.0,
            },
            0.0,
            "good",
        ),
        (
            {
                "receiving": True,
                "replayed_all": False,
                "lag_bytes": 1 << 20,
                "since_last_transaction_seconds": 20.0,
            },
            20.0,
            "watch",
        ),
        (
            {
                "receiving": True,
                "replayed_all": False,
                "lag_bytes": 120,
                "since_last_transaction_seconds": 9_999.0,
            },
            9_999.0,
            "good",
        ),
        (
            {
                "receiving": True,
                "replayed_all": False,
                "lag_bytes": 2 * GIB,
                "since_last_transaction_seconds": 1.0,
            },
            1.0,
            "act",
        ),
        (
            {
                "receiving": False,
                "replayed_all": True,
                "lag_bytes": 0,
                "since_last_transaction_seconds": 4_000.0,
            },
            4_000.0,
            "act",
        ),
        (
            {
                "receiving": False,
                "replayed_all": None,
                "lag_bytes": None,
                "since_last_transaction_seconds": None,
            },
            None,
            "unknown",
        ),
    ],
)
def test_a_replica_behind(columns, lag, verdict):
    finding = replication.replication(rows(columns), facts(replica=True))

    assert (finding.verdict, finding.figures["lag_seconds"]) == (verdict, lag)


@pytest.mark.parametrize(("behind", "verdict"), [(1 << 20, "act"), (120, "good")])
def test_a_primary_whose_replica_is_behind(behind, verdict):
    row = {"application_name": "r", "state": "streaming", "replicas": 2}
    late = {**row, "lag_seconds": 400.0, "lag_bytes": behind}
    busy = {**row, "lag_seconds": 0.1, "lag_bytes": 1 << 20}
    finding = replication.replication(rows(late, busy), facts())

    assert (finding.verdict, finding.value) == (verdict, 400.0)


@pytest.mark.parametrize(
    ("timed", "requested", "verdict"), [(0, 3, "good"), (90, 10, "good"), (10, 90, "watch")]
)
def test_checkpoints_that_writing_forces(timed, requested, verdict):
    assert storage.checkpoints(rows({"timed": timed, "requested": requested}), facts()).verdict == verdict


@pytest.mark.parametrize(
    ("size", "since", "verdict"),
    [
        (0, None, "good"),
        (5 * GIB, 86_400.0, "good"),
        (50 * GIB, 86_400.0, "watch"),
        (600 * GIB, 86_400.0, "act"),
        (20 * GIB, None, "watch"),
    ],
)
def test_temporary_files(size, since, verdict):
    row = {"files": 3, "bytes": size, "since_seconds": since, "work_mem": "4MB"}
    assert storage.temp_files(rows(row), facts()).verdict == verdict


@pytest.mark.parametrize(("since", "verdict"), [(3_600.0, "good"), (30 * 86_400.0, "watch"), (None, "watch")])
def test_a_large_unused_index_counts_once_the_statistics_are_old_enough(since, verdict):
    row = {"index_name": "i", "bytes": GIB, "indexes": 1, "all_bytes": GIB, "since_seconds": since}
    assert indexes.unused(rows(row), facts()).verdict == verdict


def test_a_statement_that_is_slow_and_frequent():
    row = {"query": "SELECT pg_sleep($1)", "calls": 500, "mean_ms": 2_000.0, "all_ms": 1e6, "all_calls": 500}
    assert statements.statements(rows(row), facts()).verdict == "watch"


@pytest.mark.parametrize(
    ("days", "verdict"), [(90, "good"), (22, "good"), (20, "watch"), (6, "act"), (-1, "act")]
)
def test_a_certificate_near_its_end(days, verdict):
    held = Certificate(not_after=datetime.now(UTC) + timedelta(days=days), verified=True)

    finding = certificate.finding(held)

    assert (finding.verdict, finding.value, finding.unit) == (verdict, days, "days")
    assert finding.figures == {"certificate_days": days}
    assert ("expired" in finding.hint) == (days < 0)


def test_a_grant_can_be_pasted_whatever_the_user_is_called():
    assert facts().grant == 'GRANT pg_monitor TO "a""b";'


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "an unknown time"), (5, "5 s"), (600, "10 min"), (7_200, "2 h"), (9e5, "10 days")],
)
def test_a_duration_in_words(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1_536, "1.5 KiB"), (3 * GIB, "3 GiB"), (5_000 * GIB, "4.9 TiB")]
)
def test_a_volume_in_words(size, text):
    assert volume(size) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CREATE ROLE a PASSWORD 'x'", "CREATE ROLE a PASSWORD •••"),
        ("ALTER USER a WITH password E'x' CREATEDB", "ALTER USER a WITH password •••"),
        ("ALTER USER a PASSWORD $$x$$", "ALTER USER a PASSWORD •••"),
        (
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password=x dbname=d'",
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password •••",
        ),
        (
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', password 'x')",
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', password •••",
        ),
        ("UPDATE u SET \"password\" = 'x'", 'UPDATE u SET "password" •••'),
        ("SELECT * FROM u WHERE password = $1", "SELECT * FROM u WHERE password = $1"),
        ("SELECT password, name FROM u", "SELECT password, name FROM u"),
    ],
)
def test_secrets_in_statements_are_left_out(text, shown):
    assert Row({"query": text}).statement("query") == shown
