"""Results are written once, whatever comes twice, late, or from a server that sends nonsense."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connections.models import Connection
from probes import history
from probes.engine.outcome import Failure, Outcome, Server, Summary, Timings
from probes.history import rollup, writing
from probes.models import Kind, Latest, Result, Run, StaleHour
from tests.rigs.results import REFUSED, result

MINUTE = timedelta(minutes=1)


def fleet(count: int) -> list[int]:
    made = Connection.objects.bulk_create(
        Connection(name=f"target {number}", host="db.example", database="app", username="app")
        for number in range(count)
    )
    return [one.pk for one in made]


def run_of(total: int, at: datetime | None = None) -> Run:
    return Run.objects.create(
        kind=Kind.CONNECTION, source=Run.Source.PAGE, total=total, created_at=at or timezone.now()
    )


@transaction.atomic
def record(run: Run, ids: list[int], **fields) -> list[Result]:
    return history.record(run, [result(pk, run.created_at, run_id=run.pk, **fields) for pk in ids])


def outcome(**fields) -> Outcome:
    now = timezone.now()
    return Outcome(**{"kind": "connection", "started": now, "finished": now, **fields})


@pytest.mark.parametrize("count", [0, 1, writing.FEW, writing.FEW + 1, 500])
def test_any_number_of_results_is_written_and_returned(kept, count):
    ids = fleet(count)
    run = run_of(count)
    assert sorted(one.connection_id for one in record(run, ids)) == ids
    assert Result.objects.count() == count
    assert Latest.objects.count() == count


def test_a_second_delivery_changes_nothing(kept):
    ids = fleet(3)
    run = run_of(3)
    record(run, ids)
    assert record(run, ids, **REFUSED) == []
    assert Result.objects.filter(ok=True).count() == 3
    assert Latest.objects.filter(ok=True).count() == 3


def test_a_delivery_that_is_new_in_part_returns_just_that(kept):
    ids = fleet(4)
    run = run_of(4)
    record(run, ids[:3])
    assert [one.connection_id for one in record(run, ids)] == ids[3:]


def test_two_deliveries_in_one_transaction_are_written_both(kept):
    ids = fleet(40)
    run = run_of(40)
    with transaction.atomic():
        record(run, ids[:20])
        record(run, ids[20:])
    assert Result.objects.count() == 40


def test_nothing_is_left_when_the_transaction_fails(kept):
    ids = fleet(1)
    run = run_of(1)
    with transaction.atomic():
        record(run, ids)
        transaction.set_rollback(True)
    assert Result.objects.count() == Latest.objects.count() == 0
    assert len(record(run, ids)) == 1


def test_an_older_result_that_comes_late_does_not_become_the_latest(kept):
    ids = fleet(1)
    now = timezone.now()
    record(run_of(1, now - MINUTE), ids)
    record(run_of(1, now - 2 * MINUTE), ids, **REFUSED)
    assert Latest.objects.get().ok
    record(run_of(1, now), ids, **REFUSED)
    assert not Latest.objects.get().ok


def test_a_latest_from_a_clock_that_was_ahead_is_replaced_at_once(kept):
    ids = fleet(1)
    now = timezone.now()
    record(run_of(1, now + timedelta(hours=1)), ids)
    record(run_of(1, now), ids, **REFUSED)
    assert not Latest.objects.get().ok


def test_each_vantage_and_kind_has_its_own_latest(kept):
    ids = fleet(1)
    run = run_of(3)
    with transaction.atomic():
        places = [result(ids[0], run.created_at, run_id=run.pk, vantage=place) for place in ("home", "tokyo")]
        history.record(run, places)
    record(run_of(1), ids, kind=Kind.LATENCY)
    assert set(Latest.objects.values_list("vantage", "kind")) == {
        ("home", "connection"),
        ("tokyo", "connection"),
        ("home", "latency"),
    }


@pytest.mark.parametrize("few", [0, 1], ids=["copied", "few"])
def test_every_column_survives_the_way_into_the_table(kept, monkeypatch, few):
    monkeypatch.setattr(writing, "FEW", few)
    [pk] = fleet(1)
    run = run_of(1)
    found = outcome(
        kind="latency",
        timings=Timings(dns=0.5, tcp=1.25, query=2.0, total=3.75),
        summary=Summary(
            samples=10, failures=1, min=1.0, mean=2.0, p50=2.5, p95=3.0, p99=4.0, max=5.0, stddev=0.1
        ),
        server=Server(version="17.5", address="10.0.0.1:5432", backend_pid=2**31 - 1, in_recovery=False),
        detail={"samples": [1.0, None], "tab": "a\tb\\N\nc"},
    )
    with transaction.atomic():
        history.record(run, [history.result_from(run, pk, "home", found, simulated=True)])
    [stored] = history.of_run(run)
    expected = history.result_from(run, pk, "home", found, simulated=True)
    for field in Result._meta.concrete_fields:
        assert getattr(stored, field.attname) == getattr(expected, field.attname), field.attname
    assert stored.latency_ms == 2.5


def test_a_result_that_comes_after_its_hour_was_rolled_up_marks_the_hour(kept):
    ids = fleet(2)
    now = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    record(run_of(1, now - timedelta(hours=2)), ids[:1])
    rollup.advance(now)
    record(run_of(1, now), ids)
    assert not StaleHour.objects.exists()
    if not rollup.editions.look().aggregate:
        record(run_of(1, now - timedelta(hours=2)), ids[1:])
        assert [one.bucket for one in StaleHour.objects.all()] == [datetime(2026, 5, 4, 10, tzinfo=UTC)]


@pytest.mark.parametrize("few", [0, 2], ids=["copied", "few"])
def test_text_and_numbers_that_the_database_does_not_take_fail_no_batch(kept, monkeypatch, few):
    monkeypatch.setattr(writing, "FEW", few)
    ids = fleet(2)
    run = run_of(2)
    hostile = outcome(
        failure=Failure(
            code="server_error", phase="query", hint="", message="a\0b\ud800", sqlstate="too long"
        ),
        server=Server(version="\0" * 300),
        detail={"na\0me": ["\0", float("nan"), {"deep": float("inf")}], "figures": {"size_bytes": 10**30}},
    )
    with transaction.atomic():
        rows = [history.result_from(run, pk, "home", hostile, simulated=False) for pk in ids]
        assert len(history.record(run, rows)) == 2
    [stored, _] = history.of_run(run)
    assert (stored.message, stored.sqlstate, stored.size_bytes) == ("a\ufffdb?", "too l", None)
    assert stored.detail["na\ufffdme"] == ["\ufffd", None, {"deep": None}]


def test_figures_of_a_health_check_get_columns(kept):
    found = outcome(
        kind="health",
        detail={
            "figures": {
                "cache_hit_ratio": 0.99,
                "connections_used": 7.0,
                "connections_limit": True,
                "lag_seconds": float("nan"),
            }
        },
    )
    row = history.unsaved(found)
    assert (row.cache_hit_ratio, row.connections_used) == (0.99, 7)
    assert (row.connections_limit, row.lag_seconds, row.size_bytes) == (None, None, None)


def test_the_temporary_table_ends_with_the_transaction(kept):
    record(run_of(20), fleet(20))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('incoming')")
        assert cursor.fetchone() == (None,)
