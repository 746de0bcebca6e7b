"""`result_hourly` says the same as the results, however much of it is rolled up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from probes.history import adoption, editions, housekeeping, locks, policies, retention, rollup
from probes.history.measures import MEASURES
from probes.history.statements import hourly
from probes.models import Result, StaleHour, Upkeep, uuid7
from tests.rigs.results import OURS, REFUSED, add, every, result

HOUR = timedelta(hours=1)
NOON = datetime(2026, 5, 4, 12, 20, tzinfo=UTC)


def rows(text: str) -> list[tuple[Any, ...]]:
    """As readers join them: the hour that is rolled up in part comes in two."""
    key = "bucket, connection_id, vantage, kind"
    figures = ", ".join(MEASURES.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {figures} FROM ({text}) AS found GROUP BY {key} ORDER BY {key}")
        return [
            tuple(round(value, 6) if isinstance(value, float) else value for value in row)
            for row in cursor.fetchall()
        ]


def expect_truth() -> None:
    """What the view says is what the results say."""
    truth = rows(hourly("true"))
    assert rows("SELECT * FROM result_hourly") == truth
    assert truth


def roll(now: datetime) -> None:
    """What beat asks for, until nothing is left to do."""
    while rollup.fold_again() or rollup.advance(now) or policies.agree(now):
        pass


def watch(now: datetime) -> None:
    """What happens later: beat asks again, and the community edition runs its policy."""
    roll(now)
    if editions.look().aggregate:
        with connection.cursor() as cursor:
            cursor.execute(
                "CALL refresh_continuous_aggregate('result_hourly_aggregate', NULL, %s)", [now - HOUR]
            )


def a_day(until: datetime) -> None:
    """Results of two connections in every twenty minutes, good and bad ones, and a gap in between."""
    found = []
    for number, moment in enumerate(every(HOUR / 3, until - timedelta(days=1), 72)):
        if 20 <= number < 35:
            continue
        found += [
            result(1, moment, query_ms=float(number), tls_ms=None, strained=number % 9 == 0),
            result(2, moment, **(REFUSED if number % 3 else OURS)),
            result(2, moment, kind="latency", vantage="tokyo", p50_ms=2.0, p95_ms=7.0, p99_ms=9.0 + number),
            result(1, moment, kind="health", size_bytes=number, cache_hit_ratio=0.5, connections_used=3),
        ]
    add(*found)


def test_before_anything_is_rolled_up_the_hours_come_from_the_results(kept):
    a_day(NOON)
    expect_truth()


def test_each_step_of_rolling_up_leaves_the_hours_as_they_are(kept):
    a_day(NOON)
    for _ in range(5):
        rollup.advance(NOON)
        policies.agree(NOON)
        expect_truth()


def test_what_is_rolled_up_is_not_made_from_results_any_more(kept):
    a_day(NOON)
    watch(NOON)
    before = rows("SELECT * FROM result_hourly")
    Result.objects.filter(issued_at__lt=NOON - 6 * HOUR).delete()
    assert rows("SELECT * FROM result_hourly")[:50] == before[:50]


def test_new_results_show_at_once(kept):
    a_day(NOON)
    watch(NOON)
    add(result(3, NOON))
    expect_truth()
    assert rows("SELECT * FROM result_hourly")[-1][1] == 3


def write_late(moment: datetime) -> None:
    with rollup.transaction.atomic(), connection.cursor() as cursor:
        locks.write(cursor)
        add(result(9, moment))
        rollup.mark_stale(cursor, moment, moment)


def test_results_that_come_late_are_counted(kept):
    a_day(NOON)
    watch(NOON)
    write_late(NOON - timedelta(days=1))
    write_late(NOON - timedelta(days=9))
    watch(NOON)
    expect_truth()
    assert not StaleHour.objects.exists()


def test_an_hour_is_rolled_up_in_parts_while_it_lasts(kept):
    if editions.look().aggregate:
        pytest.skip("The community edition's aggregate takes whole hours.")
    for minute in range(0, 130, 4):
        moment = NOON + timedelta(minutes=minute)
        write_late(moment - timedelta(minutes=1))
        write_late(moment)
        roll(moment)
        expect_truth()
        assert moment - Upkeep.objects.get().watermark <= rollup.LAG + rollup.PACE
        assert not StaleHour.objects.exists()


def test_what_comes_above_the_watermark_makes_no_hour_stale(kept):
    if editions.look().aggregate:
        pytest.skip("The community edition marks hours itself.")
    add(result(1, NOON - HOUR / 3))
    roll(NOON)
    write_late(NOON - timedelta(minutes=2))
    assert not StaleHour.objects.exists()
    write_late(NOON - timedelta(minutes=15))
    assert [hour.bucket for hour in StaleHour.objects.all()] == [rollup.hour_of(NOON)]


def test_times_of_a_strained_machine_of_ours_are_left_out_but_its_checks_count(kept):
    busy = {"strained": True, "query_ms": 900.0, "total_ms": 2000.0, "dns_ms": 50.0}
    add(
        result(1, NOON, query_ms=5.0, total_ms=20.0, dns_ms=1.0),
        result(1, NOON, vantage="tokyo", **busy),
        *(result(1, NOON + timedelta(minutes=1), run_id=uuid7(), **busy) for _ in range(3)),
        result(1, NOON, kind="latency", strained=True, p50_ms=700.0, p95_ms=800.0, min_ms=600.0),
    )
    names = (
        "checks",
        "good",
        "strained",
        "min_ms",
        "p50_ms",
        "p95_ms",
        "p99_ms",
        "max_ms",
        "total_ms",
        "dns_ms",
    )
    figures = ", ".join(MEASURES[name] for name in names)
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT kind, vantage, {figures} FROM result_hourly GROUP BY 1, 2 ORDER BY 1, 2")
            assert cursor.fetchall() == [
                ("connection", "home", 4, 4, 3, 5.0, 5.0, 5.0, 5.0, 5.0, 20.0, 1.0),
                ("connection", "tokyo", 1, 1, 1, *[None] * 7),
                ("latency", "home", 1, 1, 1, *[None] * 7),
            ]
        watch(NOON + 3 * HOUR)


def test_running_twice_changes_nothing(kept):
    a_day(NOON)
    watch(NOON)
    watch(NOON)
    expect_truth()


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_clock_that_jumps_and_comes_back_loses_no_result(kept, jump):
    a_day(NOON)
    watch(NOON)
    write_late(NOON + jump)
    watch(NOON + jump)
    write_late(NOON + jump + timedelta(minutes=3))
    write_late(NOON + timedelta(minutes=5))
    watch(NOON + timedelta(minutes=6))
    expect_truth()
    watch(NOON + 3 * HOUR)
    expect_truth()


def test_a_result_of_the_future_shows_in_its_hour(kept):
    a_day(NOON)
    add(result(1, NOON + timedelta(days=400)))
    watch(NOON)
    expect_truth()


def test_hours_without_any_result_need_no_row_and_no_step(kept):
    add(result(1, NOON - timedelta(days=800)), result(1, NOON))
    steps = 0
    while rollup.advance(NOON) or policies.agree(NOON):
        steps += 1
    assert steps < 5
    expect_truth()


def test_an_empty_history_is_an_empty_roll_up(kept):
    watch(NOON)
    assert rows("SELECT * FROM result_hourly") == []


def test_an_hour_whose_results_are_partly_gone_is_not_rolled_up_again(kept, settings):
    if editions.look().aggregate:
        pytest.skip("The policies of the community edition do not look back that far.")
    settings.TIMESCALE_RETENTION_DAYS = 2
    old = NOON - timedelta(days=5)
    add(result(1, old), result(2, old), result(1, NOON))
    roll(NOON)
    while retention.drop_results(NOON):
        pass
    write_late(old)
    roll(NOON)
    assert [row[1] for row in rows("SELECT * FROM result_hourly")] == [1, 2, 1]
    assert not StaleHour.objects.exists()


def test_the_tasks_that_beat_asks_for_do_all_of_it(kept):
    a_day(datetime.now(UTC) - 3 * HOUR)
    for _ in range(6):
        housekeeping.roll_up()
    watch(datetime.now(UTC))
    expect_truth()
    if editions.look().aggregate:
        assert set(policies.policies()) == {
            "compress_after",
            "drop_after",
            "refresh_from",
            "drop_hours_after",
        }
    else:
        behind = datetime.now(UTC) - Upkeep.objects.get().watermark
        assert rollup.LAG <= behind <= rollup.LAG + rollup.PACE


def test_establishing_again_keeps_everything(kept):
    a_day(NOON)
    watch(NOON)
    assert adoption.establish() == editions.look()
    expect_truth()
