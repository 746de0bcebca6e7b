"""Databases that are ill in known ways: each illness is found, named, and told what to do about."""

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.probes.engine.health.conftest import STRANGER, WATCHER, checks_of, examined
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD, Cluster, running

HOSTILE = "a\"b'c; <script>alert(1)</script> \u202egnp.exe\u202c مرحبا"
SHOWN = "a\"b'c; <script>alert(1)</script> \N{REPLACEMENT CHARACTER}gnp.exe\N{REPLACEMENT CHARACTER} مرحبا"


@contextlib.contextmanager
def session(cluster: Cluster, database: str = "postgres", **options) -> Iterator[psycopg.Connection]:
    with psycopg.connect(
        host="127.0.0.1",
        port=cluster.port,
        user=SUPERUSER,
        password=SUPERUSER_PASSWORD,
        dbname=database,
        **options,
    ) as connection:
        yield connection


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def test_a_session_that_waits_and_the_one_that_blocks_it(any_patient):
    with session(any_patient) as holder, session(any_patient) as waiter:
        pids = waiter.info.backend_pid, holder.info.backend_pid
        holder.execute("SELECT pg_advisory_xact_lock(42)")
        thread = threading.Thread(target=_wait_for_lock, args=(waiter,))
        thread.start()
        any_patient.sql(
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
            " PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
        )
        any_patient.sql("SELECT pg_sleep(1.1)")
        seen = checks_of(await examined(any_patient.port, WATCHER))
        hidden = checks_of(await examined(any_patient.port, STRANGER))
        holder.rollback()
        thread.join()

    blocked = seen["blocked"]
    assert (blocked["verdict"], blocked["value"]) == ("watch", 1)
    (row,) = blocked["rows"]
    assert (row["pid"], row["blocking_pid"]) == pids
    assert row["query"] == "SELECT pg_advisory_xact_lock(42)"
    assert row["blocking_state"] == "idle in transaction"
    assert 1 < row["seconds"] < 60
    # Who waits for whom is no secret; what they say is.
    assert hidden["blocked"]["value"] == 1
    assert "GRANT pg_monitor" in hidden["blocked"]["needs"]
    assert "advisory" not in str(hidden["blocked"]["rows"])


def _wait_for_lock(waiter: psycopg.Connection) -> None:
    waiter.execute("SELECT pg_advisory_xact_lock(42)")
    waiter.rollback()


async def test_a_session_idle_in_transaction_with_a_hostile_last_statement(patient):
    with session(patient, application_name="<b>app\u202e</b>") as idler:
        idler.execute(f"SELECT '<script>alert(1)</script>\u202e' -- {'x' * 100_000}")
        pid = idler.info.backend_pid
        check = checks_of(await examined(patient.port, WATCHER))["idle_in_transaction"]
        blind = checks_of(await examined(patient.port, STRANGER))["idle_in_transaction"]

    (row,) = check["rows"]
    assert row["pid"] == pid
    assert row["query"].startswith("SELECT '<script>alert(1)</script>\N{REPLACEMENT CHARACTER}'")
    assert len(row["query"]) <= 300
    assert check["verdict"] == "good"
    assert "idle_in_transaction_session_timeout" in check["hint"]
    assert blind["rows"] == []
    assert blind["verdict"] == "unknown"


async def test_a_long_transaction_at_work_is_listed(patient):
    with session(patient) as worker:
        pid = worker.info.backend_pid
        thread = threading.Thread(target=worker.execute, args=("SELECT pg_sleep(1.5)",))
        thread.start()
        patient.sql(
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid <>"
            " pg_backend_pid()) LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
        )
        check = checks_of(await examined(patient.port, WATCHER))["long_transactions"]
        thread.join()

    (row,) = [row for row in check["rows"] if row["pid"] == pid]
    assert row["query"] == "SELECT pg_sleep(1.5)"
    assert row["state"] == "active"
    assert check["value"] >= row["seconds"] > 0


async def test_invalid_duplicate_and_unused_indexes_with_hostile_names(patient, own_database):
    table = quoted(f"t {HOSTILE}"[:40])
    with session(patient, own_database, autocommit=True) as admin:
        admin.execute(f"CREATE TABLE {table} (a int, b text)")
        admin.execute(f"INSERT INTO {table} VALUES (1, 'x'), (1, 'y')")
        admin.execute(f"CREATE INDEX {quoted(HOSTILE)} ON {table} (a)")
        admin.execute(f"CREATE INDEX second ON {table} (a)")
        admin.execute(f"CREATE INDEX lower_one ON {table} (lower(b)) WHERE a > 0")
        admin.execute(f"CREATE INDEX lower_two ON {table}   (lower(b)) WHERE   a > 0")
        admin.execute(f"CREATE INDEX other ON {table} (a DESC)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            admin.execute(f"CREATE UNIQUE INDEX CONCURRENTLY broken ON {table} (a)")
    checks = checks_of(await examined(patient.port, WATCHER, database=own_database))

    invalid = checks["invalid_indexes"]
    assert (invalid["verdict"], invalid["value"]) == ("act", 1)
    assert invalid["rows"][0]["index"] == "broken"
    assert "REINDEX INDEX CONCURRENTLY" in invalid["hint"]
    duplicate = checks["duplicate_indexes"]
    assert (duplicate["verdict"], duplicate["value"]) == ("watch", 2)
    assert sorted(row["indexes"] for row in duplicate["rows"]) == [f"{SHOWN}, second", "lower_one, lower_two"]
    unused = checks["unused_indexes"]
    assert unused["value"] == 5
    assert SHOWN in {row["index"] for row in unused["rows"]}


async def test_an_index_with_a_name_of_many_tables_stays_within_bounds(patient, own_database):
    with session(patient, own_database, autocommit=True) as admin:
        for number in range(60):
            admin.execute(f"CREATE TABLE {'t' * 50}{number} (a int); CREATE INDEX ON {'t' * 50}{number} (a)")
    checks = checks_of(await examined(patient.port, WATCHER, database=own_database))

    assert checks["unused_indexes"]["value"] == 60
    assert len(checks["unused_indexes"]["rows"]) == 20


async def test_dead_rows_that_autovacuum_leaves_alone(patient, own_database):
    with session(patient, own_database, autocommit=True) as admin:
        admin.execute("CREATE TABLE neglected (a int) WITH (autovacuum_enabled = false)")
        admin.execute("INSERT INTO neglected SELECT generate_series(1, 20000)")
        admin.execute("DELETE FROM neglected WHERE a <= 15000")
    check = checks_of(await examined(patient.port, WATCHER, database=own_database))["vacuum"]

    assert check["verdict"] == "watch"
    assert check["value"] == 15000
    assert check["rows"][0]["table"] == "neglected"
    assert check["rows"][0]["autovacuum_excluded"] is True


async def test_temporary_files_and_cache_hits_are_counted(patient, own_database):
    with session(patient, own_database, autocommit=True) as admin:
        admin.execute("SET work_mem = '64kB'")
        admin.execute(
            "SELECT count(*) FROM (SELECT generate_series(1, 200000) AS a ORDER BY 1 DESC) AS sorted"
        )
        admin.execute("CREATE TABLE wide AS SELECT generate_series(1, 300000) AS a")
        admin.execute("SET max_parallel_workers_per_gather = 0")
        for _ in range(10):
            admin.execute("SELECT count(*) FROM wide")
        admin.execute("ANALYZE wide")
    outcome = await examined(patient.port, WATCHER, database=own_database)

    checks = checks_of(outcome)
    assert checks["temp_files"]["value"] > 1_000_000
    assert outcome.detail["figures"]["temp_files"] >= 1
    assert checks["cache_hits"]["value"] == pytest.approx(
        outcome.detail["figures"]["cache_hit_ratio"] * 100, abs=0.01
    )
    assert checks["database_size"]["rows"][0]["table"] == "wide"


async def test_a_limit_of_the_database_counts_when_it_is_the_nearest(patient, own_database):
    patient.sql(f"ALTER DATABASE {own_database} CONNECTION LIMIT 2")
    with session(patient, own_database):
        check = checks_of(await examined(patient.port, WATCHER, database=own_database))["connections"]

    assert (check["value"], check["verdict"]) == (100.0, "act")
    assert "this database" in check["hint"]


async def test_dangerous_settings_and_those_that_wait_for_a_restart(idle):
    with running(idle, {"autovacuum": "off", "fsync": "on", "full_page_writes": "on"}):
        idle.sql(
            "ALTER SYSTEM SET max_prepared_transactions = 7",
            "SELECT pg_reload_conf()",
            "SELECT pg_sleep(0.3)",
        )
        checks = checks_of(await examined(idle.port))
        idle.sql("ALTER SYSTEM RESET ALL")

    settings = {row["name"]: row for row in checks["settings"]["rows"]}
    assert settings["autovacuum"]["verdict"] == "act"
    assert settings["fsync"]["verdict"] == "good"
    assert settings["max_prepared_transactions"]["verdict"] == "watch"
    assert "restart" in settings["max_prepared_transactions"]["note"]
    assert checks["vacuum"]["verdict"] == "act"


async def test_a_prepared_transaction_that_nobody_ends_is_seen_by_anybody(idle):
    with running(idle, {"max_prepared_transactions": "5"}):
        idle.sql(
            "BEGIN", "CREATE TABLE kept (a int)", "PREPARE TRANSACTION 'orphan <i>'", "SELECT pg_sleep(0.1)"
        )
        check = checks_of(await examined(idle.port))["long_transactions"]
        idle.sql("ROLLBACK PREPARED 'orphan <i>'")

    assert [(row["state"], row["query"]) for row in check["rows"]] == [("prepared", "orphan <i>")]
