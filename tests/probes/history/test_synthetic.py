"""Made-up history: marked, repeatable, of connections of its own, and never beside real results by accident."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Avg, Count, Q
from django.utils import timezone

from connections.models import Connection
from probes.history import Refused, Window, series_of, synthetic
from probes.models import Job, Kind, Latest, Result, Run, Vantage
from tests.rigs.results import add, result

pytestmark = pytest.mark.django_db
UNTIL = datetime(2026, 5, 31, 12, tzinfo=UTC)
PLAN = synthetic.Plan(rows=1500, connections=5, days=3, until=UNTIL)


def every_row():
    return list(Result.objects.order_by("pk").values_list("pk", "kind", "ok", "query_ms", "error_code"))


def test_rows_are_marked_and_belong_to_runs_that_can_be_opened(client):
    assert synthetic.generate(PLAN) == Result.objects.filter(synthetic=True).count() == 1500
    assert Run.objects.count() == 300
    one = Result.objects.filter(ok=False).first()
    run = Run.objects.get(pk=one.run_id)
    assert run.created_at == one.issued_at
    assert run.failed == Result.objects.of_run(run).filter(ok=False).count()
    assert run.done == run.total == 5
    assert not run.is_open
    assert Job.objects.filter(run=run, settled_at=None).count() == 0
    assert client.get(f"/runs/{run.pk}/").status_code == 200
    page = client.get(f"/runs/{run.pk}/results/{one.connection_id}/{one.vantage}/")
    assert page.status_code == 200


def test_the_same_seed_makes_the_same_rows_and_adds_none_twice():
    synthetic.generate(PLAN)
    first = every_row()
    assert synthetic.generate(PLAN) == 0
    assert every_row() == first
    Result.objects.all().delete()
    synthetic.generate(PLAN)
    assert every_row() == first


def test_another_seed_makes_other_rows():
    synthetic.generate(PLAN)
    first = {row[3] for row in every_row()}
    Result.objects.all().delete()
    synthetic.generate(synthetic.Plan(rows=1500, connections=5, days=3, until=UNTIL, seed=2))
    assert len(first & {row[3] for row in every_row()} - {None}) < 5


def test_a_day_later_a_day_is_added():
    synthetic.generate(PLAN)
    later = synthetic.Plan(rows=1500, connections=5, days=3, until=UNTIL + timedelta(days=1))
    assert synthetic.generate(later) == 500


def test_the_rows_look_like_measured_ones():
    synthetic.generate(synthetic.Plan(rows=10_000, connections=20, days=30, until=UNTIL))
    assert set(Result.objects.values_list("kind", flat=True)) == {Kind.CONNECTION, Kind.LATENCY, Kind.HEALTH}
    share = Result.objects.aggregate(bad=1.0 * Count("pk", filter=Q(ok=False)) / Count("pk"))["bad"]
    assert 0.002 < share < 0.1
    assert Result.objects.exclude(error_code="").values("error_code").distinct().count() > 3
    assert not Result.objects.filter(ok=True, query_ms__lte=0).exists()
    assert not Result.objects.filter(ok=False, query_ms__isnull=False).exists()
    assert not Result.objects.filter(error_phase="tcp", tcp_ms__isnull=False).exists()
    assert Result.objects.filter(kind=Kind.HEALTH, ok=True, cache_hit_ratio__range=(0.5, 1)).exists()
    distances = Result.objects.filter(ok=True).values("connection_id").annotate(ms=Avg("query_ms"))
    far = [one["ms"] for one in distances]
    assert max(far) > 5 * min(far)


def test_the_newest_rows_are_the_latest_of_their_connections():
    synthetic.generate(PLAN)
    assert Latest.objects.count() == 5 * 3
    newest = Result.objects.filter(kind=Kind.CONNECTION).order_by("-issued_at").first()
    latest = Latest.objects.get(connection_id=newest.connection_id, kind=Kind.CONNECTION)
    assert (latest.run_id, latest.query_ms, latest.synthetic) == (newest.run_id, newest.query_ms, True)


def test_real_connections_get_no_made_up_rows(make_connection):
    real = make_connection()
    synthetic.generate(PLAN)
    assert not Result.objects.filter(connection_id=real.pk).exists()
    made = Connection.objects.exclude(pk=real.pk)
    assert all(one.host.endswith(".invalid") and one.tags == ["synthetic"] for one in made)


def test_a_database_with_real_results_is_refused_unless_forced(make_connection):
    add(result(make_connection().pk, timezone.now()))
    with pytest.raises(Refused, match="real results"):
        synthetic.generate(PLAN)
    assert Result.objects.count() == 1
    assert synthetic.generate(PLAN, force=True) == 1500


@pytest.mark.parametrize(
    "numbers",
    [
        {"rows": 0},
        {"rows": -1},
        {"rows": 10**12},
        {"days": 0},
        {"days": 10**6},
        {"connections": 0},
        {"rows": 4},
        {"rows": 10**9, "connections": 1},
        {"seed": -1},
        {"seed": 9_999_999_999_999_999_999},
        {"vantages": ["v" * 40]},
        {"vantages": ["Bad Code/é"]},
        {"vantages": ["home", ""]},
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(numbers):
    with pytest.raises(Refused):
        synthetic.Plan(**{"connections": 5, "until": UNTIL, **numbers})


def test_the_command_says_what_cannot_be():
    with pytest.raises(CommandError, match="No vantage can be called 'Bad Code/é'"):
        call_command("history", "generate", "--vantage", "Bad Code/é")
    assert not Vantage.objects.filter(code__startswith="Bad").exists()


@pytest.mark.django_db(transaction=True)
def test_the_command_generates_rolls_up_and_says_how_far_it_is(make_connection):
    said = StringIO()
    options = [
        "--rows",
        "2000",
        "--days",
        "3",
        "--connections",
        "4",
        "--vantage",
        "home",
        "--vantage",
        "tokyo",
    ]
    call_command("history", "generate", *options, stdout=said)
    assert "Made 2,000 synthetic results" in said.getvalue()
    assert len(said.getvalue().splitlines()) >= 4
    ids = list(Connection.objects.filter(tags__contains=["synthetic"]).values_list("pk", flat=True))
    found = series_of(ids, Window.named("7d"), ["checks"])
    assert sum(value or 0 for pk in ids for value in found.of[pk]["checks"]) > 1500
    add(result(make_connection().pk, timezone.now()))
    with pytest.raises(CommandError, match="real results"):
        call_command("history", "generate", *options, stdout=said)
