"""Own SQL can neither write, nor leave its transaction, nor run for ever, nor return without end."""

import asyncio
import time

import psycopg
import pytest

from tests.probes.engine.conftest import endpoint_of, superuser_of
from tests.probes.engine.load.runs import load
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD
from tests.rigs.sockets import all_closed

REFUSED = {
    "stacked": "SELECT 1; DROP TABLE victim",
    "stacked after a commit": "COMMIT; DROP TABLE victim",
    "stacked in a comment": "SELECT 1 /* */; --\n DROP TABLE victim",
    "a commit": "COMMIT",
    "a rollback": "ROLLBACK",
    "a new transaction": "BEGIN READ WRITE",
    "writing from now on": "SET TRANSACTION READ WRITE",
    "a setting": "SET statement_timeout = 0",
    "all settings": "RESET ALL",
    "a block": "DO $$ BEGIN COMMIT; DROP TABLE victim; END $$",
    "a drop": "DROP TABLE victim",
    "a delete": "DELETE FROM victim",
    "a table from a query": "CREATE TABLE copied AS SELECT * FROM victim",
    "a query into a table": "SELECT * INTO copied FROM victim",
    "a program": "COPY victim TO PROGRAM 'touch {file}'",
    "a program's output": "COPY victim FROM PROGRAM 'touch {file}; echo 9'",
    "a file": "COPY victim TO '{file}'",
    "a copy to us": "COPY victim TO STDOUT",
    "a copy from us": "COPY victim FROM STDIN",
    "a temporary table": "CREATE TEMP TABLE copied AS SELECT 1",
    "a cursor": "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
    "a savepoint": "SAVEPOINT here",
    "a prepared transaction": "PREPARE TRANSACTION 'kept'",
    "a statement of its own": "PREPARE trick AS DELETE FROM victim",
    "our statement that begins": 'EXECUTE "begin"',
    "our statement that ends": 'EXECUTE "end"',
    "itself": "EXECUTE own",
    "the end of all statements": "DEALLOCATE ALL",
    "the end of everything": "DISCARD ALL",
    "another user": "SET SESSION AUTHORIZATION ada",
    "the old role": "RESET ROLE",
    "a vacuum": "VACUUM victim",
    "a checkpoint": "CHECKPOINT",
    "a grant": "GRANT ALL ON victim TO public",
    "a server's setting": "ALTER SYSTEM SET work_mem = '77kB'",
    "a listener": "LISTEN everything",
    "a lock": "LOCK TABLE victim",
    "a role": "SET ROLE postgres",
    "a parameter": "SELECT $1::int",
    "nothing": "-- nothing",
    "nonsense": "SELEKT 1",
}

FAILING = {
    "a delete that returns": "DELETE FROM victim RETURNING id",
    "an insert that returns": "INSERT INTO victim VALUES (2) RETURNING id",
    "a delete inside a query": "WITH gone AS (DELETE FROM victim RETURNING id) SELECT * FROM gone",
    "a lock on rows": "SELECT * FROM victim FOR UPDATE",
    "a delete that is explained": "EXPLAIN ANALYZE DELETE FROM victim",
    "a sequence": "SELECT nextval('numbers')",
    "a sequence set anew": "SELECT setval('numbers', 7)",
    "a file made a large object": "SELECT lo_import('/etc/hostname')",
    "a large object": "SELECT lo_from_bytea(0, 'x')",
    "a nap in a lock": "SELECT pg_advisory_xact_lock(7), pg_sleep(100)",
    "computing for ever": "WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n",
    "a way out": "SELECT set_config('transaction_read_only', 'off', false)",
    "a procedure that commits": "CALL commits(1)",
    "a nap": "SELECT pg_sleep(100)",
    "a nap without a timeout": "SELECT set_config('statement_timeout', '0', false), pg_sleep(100)",
    "a billion rows": "SELECT generate_series(1, 1000000000)",
    "wide rows": "SELECT repeat('x', 50000000) FROM generate_series(1, 1000)",
}


@pytest.fixture(scope="module")
def victim(servers):
    cluster = servers.get(17, tls=False)
    cluster.sql(
        "CREATE TABLE victim (id int)",
        "INSERT INTO victim VALUES (1)",
        "CREATE SEQUENCE numbers",
        "CREATE PROCEDURE commits(INOUT number int) LANGUAGE plpgsql AS $$ BEGIN COMMIT; DELETE FROM victim; COMMIT; END $$",
    )
    yield cluster
    cluster.sql("DROP TABLE victim", "DROP SEQUENCE numbers", "DROP PROCEDURE commits")


def unharmed(cluster) -> bool:
    count = cluster.sql("SELECT count(*) FROM victim WHERE id = 1")
    rest = cluster.sql(
        "SELECT to_regclass('copied') IS NULL AND NOT is_called AND NOT EXISTS (SELECT FROM pg_largeobject_metadata) "
        "AND NOT EXISTS (SELECT FROM pg_prepared_xacts) AND NOT has_table_privilege('ada', 'victim', 'SELECT') "
        "FROM numbers"
    )
    return count == "1" and rest == "True"


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_single_query_never_runs(victim, name):
    file = victim.data / "proof"
    sql = REFUSED[name].replace("{file}", str(file))

    outcome = await load(superuser_of(victim), workload="sql", sql=sql, seconds=1)

    assert outcome.failure is not None
    assert outcome.failure.code in ("statement_refused", "query_failed")
    assert outcome.summary is not None
    assert (outcome.summary.samples, outcome.summary.failures) == (0, 0)
    assert unharmed(victim)
    assert not file.exists()


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("name", FAILING)
async def test_what_would_write_or_never_end_fails_in_time(victim, name, pooled):
    outcome = await load(
        superuser_of(victim, pooled=pooled),
        workload="sql",
        sql=FAILING[name],
        seconds=0.5,
        statement_seconds=0.15,
        max_error_share=0.05,
    )

    assert outcome.failure is not None
    assert outcome.summary is not None
    assert outcome.summary.samples == 0
    assert outcome.summary.failures > 0
    assert outcome.detail["elapsed"] < 3
    assert unharmed(victim)
    await all_closed(victim.port)


async def test_what_a_request_does_to_its_session_does_not_outlive_it(victim):
    sql = (
        "SELECT set_config('application_name', 'changed', false) "
        "WHERE current_setting('application_name') = 'changed'"
    )
    changed = "SELECT 1 / (set_config('work_mem', '77kB', false) IS NOT NULL)::int"
    stays = "SELECT 1 / (current_setting('work_mem') <> '77kB')::int, set_config('work_mem', '77kB', false)"

    role = "SELECT 1 / (current_user = 'postgres')::int, set_config('role', 'ada', false)"
    user = "SELECT 1 / (session_user = 'postgres')::int, set_config('session_authorization', 'ada', false)"
    heard = "SELECT 1 / (pg_notification_queue_usage() = 0)::int, pg_notify('everything', 'x')"

    for statement in (sql, changed, stays, role, user, heard, 'EXPLAIN ANALYZE EXECUTE "end"'):
        outcome = await load(superuser_of(victim), workload="sql", sql=statement, seconds=0.5)
        assert outcome.failure is None
        assert outcome.summary is not None
        assert outcome.summary.failures == 0


OUTSIDE = {
    "ending another's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "reading a file": "SELECT pg_read_file('postgresql.conf')",
    "listing a folder": "SELECT pg_ls_dir('.')",
    "writing a file": "SELECT lo_export(1, '/tmp/proof')",
    "reloading the settings": "SELECT pg_reload_conf()",
    "switching the log": "SELECT pg_switch_wal()",
    "forgetting the statistics": "SELECT pg_stat_reset()",
}


@pytest.mark.parametrize("name", OUTSIDE)
async def test_functions_that_act_outside_the_transaction_are_a_matter_of_rights(victim, name):
    """No read-only transaction stops them: whoever may run own SQL can do what the connection's user may do."""
    with psycopg.connect(
        host="127.0.0.1", port=victim.port, user=SUPERUSER, password=SUPERUSER_PASSWORD, dbname="postgres"
    ) as other:
        outcome = await load(endpoint_of(victim), workload="sql", sql=OUTSIDE[name], seconds=0.5)
        assert other.execute("SELECT 1").fetchone() == (1,)

    assert outcome.failure is not None
    assert outcome.failure.code == "permission_denied"
    assert outcome.summary is not None
    assert outcome.summary.samples == 0


async def test_a_lock_that_outlives_its_transaction_ends_with_the_connection(victim):
    outcome = await load(
        superuser_of(victim), workload="sql", sql="SELECT pg_try_advisory_lock(7)", clients=1, seconds=0.5
    )

    assert outcome.failure is None
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    deadline = time.monotonic() + 5
    while victim.sql(held) != "0":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_a_writing_statement_is_told_from_other_errors(victim):
    outcome = await load(
        superuser_of(victim), workload="sql", sql=FAILING["a delete that returns"], seconds=0.5
    )

    assert outcome.failure is not None
    assert outcome.failure.code == "statement_writes"
    assert "read-only transaction" in outcome.failure.message
