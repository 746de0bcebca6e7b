"""Series for charts: gaps stay gaps, our own faults are not theirs, and hours say what rows say."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from connections.models import Connection
from probes.history import Refused, Window, failures_of, rollup, series, series_of, synthetic, vantages_of
from probes.history.editions import Edition
from probes.history.failures import MOST_CODES, OTHER
from probes.models import Kind, Result
from tests.rigs.results import OURS, REFUSED, add, every, result

pytestmark = pytest.mark.django_db

START = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FOUR_HOURS = Window(START, START + 4 * HOUR)
FOUR_DAYS = Window(START, START + timedelta(days=4))


@pytest.mark.parametrize("window", [FOUR_HOURS, FOUR_DAYS])
def test_a_bucket_without_checks_is_no_data(window):
    add(*(result(7, at) for at in every(10 * MINUTE, START + HOUR, 6)))
    found = series_of([7], window, ["checks", "good", "p50_ms"])
    for name in ("checks", "good", "p50_ms"):
        for at, value in zip(found.buckets.starts(), found.of[7][name], strict=True):
            assert START + HOUR <= at < START + 2 * HOUR or value is None
    assert sum(filter(None, found.of[7]["checks"])) == 6
    assert {*found.of[7]["p50_ms"]} == {None, 5.0}


def test_several_connections_come_apart_and_one_without_data_comes_empty():
    add(result(1, START + MINUTE, query_ms=10), result(2, START + MINUTE, query_ms=20))
    found = series_of([1, 2, 3], FOUR_HOURS, ["p50_ms"])
    assert [set(found.of[pk]["p50_ms"]) - {None} for pk in (1, 2, 3)] == [{10}, {20}, set()]


@pytest.mark.parametrize("window", [FOUR_HOURS, FOUR_DAYS])
def test_the_vantages_of_a_time_are_those_that_say_something_the_busiest_first(window):
    add(
        *(result(1, at, vantage="tokyo", **REFUSED) for at in every(MINUTE, START, 3)),
        result(2, START, vantage="home"),
        result(2, START, vantage="sydney", **OURS),
        result(3, START, vantage="lima"),
        result(1, window.end, vantage="oslo"),
    )
    assert vantages_of([1, 2], window) == ["tokyo", "home"]
    assert vantages_of([4], window) == []


def test_failures_lower_the_success_but_not_the_latency():
    add(result(1, START), result(1, START + MINUTE, **REFUSED))
    found = series_of([1], FOUR_HOURS, ["checks", "good", "p50_ms", "total_ms"], most_points=2)
    assert [found.of[1][name][0] for name in ("checks", "good", "p50_ms", "total_ms")] == [2, 1, 5.0, 15.0]


def test_our_own_faults_are_counted_apart():
    add(result(1, START), result(1, START + MINUTE, **OURS), result(1, START + 2 * HOUR, **OURS))
    found = series_of([1], FOUR_HOURS, ["checks", "good", "ours"], most_points=4)
    assert [found.of[1][name][0] for name in ("checks", "good", "ours")] == [1, 1, 1]
    assert [found.of[1][name][2] for name in ("checks", "good", "ours")] == [0, 0, 1]


def test_percentiles_of_a_latency_test_are_taken_from_it():
    add(
        result(1, START, kind=Kind.LATENCY, p50_ms=10, p95_ms=20, p99_ms=30),
        result(1, START + MINUTE, query_ms=12),
    )
    found = series_of([1], FOUR_HOURS, ["p50_ms", "p95_ms", "p99_ms"], most_points=2)
    assert [found.of[1][name][0] for name in ("p50_ms", "p95_ms", "p99_ms")] == [11, 16, 30]


def test_health_figures_are_read_from_health_tests():
    health = {"cache_hit_ratio": 0.99, "connections_used": 20, "connections_limit": 100}
    add(result(1, START, kind=Kind.HEALTH, **health), result(1, START + MINUTE))
    found = series_of([1], FOUR_HOURS, [*health], kinds=[Kind.HEALTH], most_points=2)
    assert [found.of[1][name][0] for name in health] == [0.99, 20, 100]


def test_only_the_kinds_and_vantages_asked_for_are_read():
    add(
        result(1, START, query_ms=1),
        result(1, START, query_ms=2, vantage="tokyo"),
        result(1, START, query_ms=3, kind=Kind.LOAD),
    )
    found = series_of([1], FOUR_HOURS, ["p50_ms"], kinds=["connection"], vantages=["tokyo"], most_points=2)
    assert found.of[1]["p50_ms"][0] == 2


def test_hours_say_what_the_rows_say(monkeypatch):
    until = timezone.now().replace(minute=0, second=0, microsecond=0)
    plan = synthetic.Plan(rows=4000, connections=4, days=3, until=until, vantages=("home", "tokyo"))
    synthetic.generate(plan)
    names = ["checks", "good", "ours", "p50_ms", "p95_ms", "p99_ms", "tcp_ms", "total_ms", "cache_hit_ratio"]
    window = Window(until - timedelta(days=3), until)
    ids = list(Connection.objects.values_list("pk", flat=True))
    by_hour = series_of(ids, window, names, most_points=20)
    assert by_hour.buckets.hourly
    while rollup.advance(until):
        pass
    rolled_up = series_of(ids, window, names, most_points=20)
    monkeypatch.setattr("probes.history.windows.RAW_WITHIN", timedelta(days=5))
    monkeypatch.setattr("probes.history.windows.HOUR", timedelta(days=5))
    by_row = series_of(ids, window, names, most_points=20)
    assert not by_row.buckets.hourly
    for pk in ids:
        for name in names:
            for hours, rolled, rows in zip(
                by_hour.of[pk][name], rolled_up.of[pk][name], by_row.of[pk][name], strict=True
            ):
                assert hours == pytest.approx(rows)
                assert rolled == pytest.approx(rows)


def test_ten_thousand_connections_in_one_chart_are_refused_with_the_bound():
    with pytest.raises(Refused, match=f"At most {series.MOST_CONNECTIONS}"):
        series_of(range(10_000), FOUR_HOURS, ["p50_ms"])
    with pytest.raises(Refused, match=f"At most {series.MOST_CONNECTIONS}"):
        failures_of(range(10_000), FOUR_HOURS)


def test_failures_are_counted_by_code_the_most_frequent_first():
    add(
        result(1, START),
        *(result(1, START + n * MINUTE, **REFUSED) for n in range(3)),
        result(1, START + 3 * HOUR, **OURS),
        result(2, START, **REFUSED),
    )
    found = failures_of([1], FOUR_HOURS, most_points=4)
    assert dict(found.of) == {
        "tcp_refused": [3, None, None, None],
        "worker_lost": [None, None, None, 1],
    }
    assert list(found.of) == ["tcp_refused", "worker_lost"]


def test_rare_codes_are_put_together():
    codes = [f"code_{n:02}" for n in range(MOST_CODES + 3)]
    add(
        *(
            result(1, START + n * MINUTE, ok=False, error_code=code, error_phase="tcp")
            for n, code in enumerate(codes)
        )
    )
    found = failures_of([1], FOUR_HOURS, most_points=4)
    assert len(found.of) == MOST_CODES
    assert found.of[OTHER][0] == 4


def test_a_clock_that_jumped_an_hour_leaves_its_results_readable():
    now = timezone.now()
    add(result(1, now + 59 * MINUTE), result(1, now - 59 * MINUTE))
    found = series_of([1], Window.named("6h", now), ["checks"], most_points=24)
    assert sum(filter(None, found.of[1]["checks"])) == 1


def test_a_range_whose_rows_are_dropped_is_read_from_the_hours(edition):
    if edition is Edition.COMMUNITY:
        pytest.skip("The aggregate is filled outside of transactions only.")
    long_ago = timezone.now() - timedelta(days=settings.TIMESCALE_RETENTION_DAYS + 2)
    add(result(1, long_ago))
    while rollup.advance(timezone.now()):
        pass
    Result.objects.all().delete()
    found = series_of([1], Window(long_ago - HOUR, long_ago + HOUR), ["checks"])
    assert sum(filter(None, found.of[1]["checks"])) == 1
