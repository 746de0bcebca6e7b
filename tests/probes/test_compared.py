"""A result beside an earlier one of its kind, its file, and the statements of a health check as charts."""

from datetime import UTC, datetime, timedelta

import pytest

from probes.models import Kind, Run
from probes.telling.compared import compared
from probes.telling.statements import rankings
from tests.rigs.results import REFUSED, add, result

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def measured(make_connection):
    """Two runs of a connection, a minute apart, and then one that failed."""
    connection = make_connection()
    runs = []
    now = datetime.now(UTC)
    for minutes, fields in ((3, {"query_ms": 10.0}), (2, {"query_ms": 5.0}), (1, REFUSED)):
        at = now - timedelta(minutes=minutes)
        run = Run.objects.create(
            kind=Kind.CONNECTION, source=Run.Source.COMMAND, total=1, done=1, finished_at=at
        )
        Run.objects.filter(pk=run.pk).update(created_at=at)
        run.jobs.create(vantage="home", connection_ids=[connection.pk])
        add(result(connection.pk, at, run_id=run.pk, **fields))
        runs.append(run)
    return runs


def test_a_run_is_compared_with_an_earlier_one_that_the_address_names(client, measured):
    earlier, later, _ = measured
    page = client.get(f"/runs/{later.pk}/").content.decode()
    assert f'<option value="{earlier.pk}"' in page
    assert "Figures then and now" not in page
    page = client.get(f"/runs/{later.pk}/?with={earlier.pk}").content.decode()
    assert "Figures then and now" in page
    assert "\u221250 % better" in page


def test_a_run_that_is_the_first_or_is_told_to_be_beside_nonsense_is_shown_alone(client, measured):
    earlier, later, _ = measured
    assert "Compared with" not in client.get(f"/runs/{earlier.pk}/").content.decode()
    answer = client.get(f"/runs/{later.pk}/?with={HOSTILE}")
    assert answer.status_code == 200
    assert HOSTILE not in answer.content.decode()


def test_a_result_has_the_comparison_on_its_own_page_too(client, measured):
    earlier, _, failed = measured
    [pk] = failed.jobs.get().connection_ids
    page = client.get(f"/runs/{failed.pk}/results/{pk}/home/?with={earlier.pk}").content.decode()
    assert "Figures then and now" in page


def test_what_changed_is_judged_by_what_is_wanted_of_a_figure():
    now = datetime.now(UTC)
    before = result(1, now, kind=Kind.LOAD, rate=100.0, p50_ms=10.0, p95_ms=10.0, failures=0)
    after = result(1, now, kind=Kind.LOAD, rate=200.0, p50_ms=20.0, p95_ms=10.1, failures=3)
    found = {line.label: (line.change, line.verdict) for line in compared(before, after)}
    assert found["Rate"] == ("+100 %", "better")
    assert found["p50"] == ("+100 %", "worse")
    assert found["p95"] == ("the same", "same")
    assert found["Failed"] == ("—", "")
    assert "p99" not in found


def test_the_file_of_a_run_holds_its_results_and_no_others(client, measured):
    _, later, _ = measured
    page = client.get(f"/runs/{later.pk}/").content.decode()
    assert f"format=csv&amp;run={later.pk}" in page


@pytest.mark.parametrize("run", ["nonsense", HOSTILE, "1' OR '1'='1"])
def test_a_run_that_cannot_be_is_refused(client, run):
    assert client.get("/history/export/", {"run": run}).status_code == 422
    assert client.get("/history/", {"run": run}).status_code == 422


def test_the_history_shows_one_run(client, measured):
    earlier, later, _ = measured
    page = client.get("/history/", {"run": str(earlier.pk)}).content.decode()
    assert f"/runs/{earlier.pk}/" in page
    assert f"/runs/{later.pk}/" not in page


def test_statements_are_ranked_by_each_of_three_figures():
    rows = [
        {"query": "SELECT 1", "calls": 10, "total_ms": 50.0, "mean_ms": 5.0, "by_total": 1, "by_calls": 2},
        {"query": HOSTILE, "calls": 40, "total_ms": 20.0, "mean_ms": 0.5, "by_total": 2, "by_calls": 1},
    ]
    total, calls = rankings({"checks": [{"key": "statements", "rows": rows}]})
    assert [bar.query for bar in total.bars] == ["SELECT 1", HOSTILE]
    assert [bar.width for bar in calls.bars] == ["100.00", "25.00"]
    assert rankings({}) == []


def test_the_newest_health_check_shows_its_statements_as_text(client, make_connection):
    connection = make_connection()
    rows = [{"query": HOSTILE, "calls": 4, "total_ms": 2.0, "mean_ms": 0.5, "by_total": 1}]
    check = {"key": "statements", "title": "Top statements", "value": 0.5, "unit": "ms", "verdict": "good"}
    told = {**check, "hint": "", "needs": "", "caveat": "", "rows": rows}
    found = result(connection.pk, datetime.now(UTC), kind=Kind.HEALTH, detail={"checks": [told]})
    values = {field.attname: getattr(found, field.attname) for field in found._meta.concrete_fields}
    values.pop("connection_id")
    connection.latest.create(**values)
    page = client.get(f"/connections/{connection.pk}/").content.decode()
    assert "Most time in total" in page
    assert HOSTILE not in page
