"""pg_stat_statements: there, not there, not loaded, old, hidden, huge, in any schema."""

import psycopg
import pytest

from tests.probes.engine.conftest import PASSWORD
from tests.probes.engine.health.conftest import STRANGER, WATCHER, checks_of, examined
from tests.rigs.postgres import running


def statements(outcome):
    return checks_of(outcome)["statements"]


async def test_the_costliest_statements_are_ranked_three_ways(any_patient):
    any_patient.sql("SELECT pg_stat_statements_reset()", "SELECT pg_sleep(0.2)", *["SELECT 41 + 1"] * 20)
    check = statements(await examined(any_patient.port, WATCHER))

    rows = {row["query"]: row for row in check["rows"]}
    slow, frequent = rows["SELECT pg_sleep($1)"], rows["SELECT $1 + $2"]
    assert slow["mean_ms"] >= 200
    assert (slow["by_total"], slow["by_mean"]) == (1, 1)
    assert slow["share"] > 50
    assert (frequent["calls"], frequent["by_calls"]) == (20, 1)
    assert check["verdict"] == "good"
    assert not any("meridian health" in query for query in rows)


async def test_others_statements_are_absent_for_a_user_who_may_not_see_them(any_patient):
    any_patient.sql("SELECT pg_stat_statements_reset()", "SELECT pg_sleep(0.05) AS of_another_user")
    with psycopg.connect(
        host="127.0.0.1", port=any_patient.port, user=STRANGER, password=PASSWORD, dbname="postgres"
    ) as own:
        own.execute("SELECT 5 AS my_own")
    hidden = statements(await examined(any_patient.port, STRANGER))
    seen = statements(await examined(any_patient.port, WATCHER))

    assert "SELECT $1 AS my_own" in {row["query"] for row in hidden["rows"]}
    assert not any("insufficient" in row["query"] or "of_another" in row["query"] for row in hidden["rows"])
    assert hidden["needs"] == 'GRANT pg_monitor TO "stranger";'
    assert any("of_another" in row["query"] for row in seen["rows"])


async def test_huge_and_hostile_statement_texts_are_cut_and_cleaned(patient):
    huge = "SELECT " + ", ".join(f'1 AS "<script>{number}\u202e\'"' for number in range(1500))
    patient.sql("SELECT pg_stat_statements_reset()", *[huge] * 3, f"SELECT 1 -- {'x' * 2_000_000}")
    check = statements(await examined(patient.port, WATCHER))

    assert all(len(row["query"]) <= 500 for row in check["rows"])
    (row,) = [row for row in check["rows"] if "<script>0" in row["query"]]
    assert "\u202e" not in row["query"]
    assert row["calls"] == 3


async def test_without_the_extension_it_says_how_to_get_it(patient, own_database):
    loaded = statements(await examined(patient.port, WATCHER, database=own_database))
    unknowing = statements(await examined(patient.port, STRANGER, database=own_database))

    assert loaded["verdict"] == unknowing["verdict"] == "unknown"
    assert loaded["needs"] == "CREATE EXTENSION pg_stat_statements;"
    assert "shared_preload_libraries" in unknowing["needs"]


async def test_it_is_found_in_any_schema_and_when_it_is_old(patient, own_database):
    patient.sql(
        'CREATE SCHEMA "odd ""schema\'"',
        'CREATE EXTENSION pg_stat_statements SCHEMA "odd ""schema\'"',
        "SELECT 77 AS from_the_odd_one",
        f'GRANT USAGE ON SCHEMA "odd ""schema\'" TO {WATCHER}',
        database=own_database,
    )
    current = statements(await examined(patient.port, WATCHER, database=own_database))
    assert "SELECT $1 AS from_the_odd_one" in {row["query"] for row in current["rows"]}

    patient.sql(
        "DROP EXTENSION pg_stat_statements",
        "CREATE EXTENSION pg_stat_statements VERSION '1.7'",
        database=own_database,
    )
    old = statements(await examined(patient.port, WATCHER, database=own_database))
    assert old["needs"] == "ALTER EXTENSION pg_stat_statements UPDATE;"


@pytest.mark.parametrize("may_know", [True, False])
async def test_the_extension_without_its_library_is_no_error_of_the_probe(idle, may_know):
    with running(idle):
        idle.sql(
            "DROP EXTENSION IF EXISTS pg_stat_statements",
            "CREATE EXTENSION pg_stat_statements",
            f"DROP ROLE IF EXISTS {STRANGER}",
            f"CREATE ROLE {STRANGER} LOGIN PASSWORD '{PASSWORD}'",
        )
        check = statements(await examined(idle.port, *([] if may_know else [STRANGER])))

    assert check["verdict"] == "unknown"
    assert "shared_preload_libraries" in check["needs"] + check["hint"]


async def test_a_password_in_a_statement_is_not_told(patient):
    patient.sql(
        "SELECT pg_stat_statements_reset()",
        "DROP ROLE IF EXISTS newcomer",
        "CREATE ROLE newcomer LOGIN PASSWORD 'open sesame' VALID UNTIL '2030-01-01'",
        "ALTER ROLE newcomer PASSWORD E'open sesame'",
        "SELECT 1 AS password",
    )
    rows = statements(await examined(patient.port, WATCHER))["rows"]

    assert "open sesame" not in str(rows)
    assert "CREATE ROLE newcomer LOGIN PASSWORD •••" in {row["query"] for row in rows}
    assert "SELECT $1 AS password" in {row["query"] for row in rows}
