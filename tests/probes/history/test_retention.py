"""Results go when they are too old, their hours much later, and nothing goes before it is rolled up."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from probes.history import editions, housekeeping, policies, retention, rollup
from probes.models import Kind, Result, Run, StaleHour
from tests.rigs.results import add, result

DAY = timedelta(days=1)


@pytest.fixture
def now(kept, settings) -> datetime:
    settings.TIMESCALE_RETENTION_DAYS = 10
    settings.TIMESCALE_ROLLUP_RETENTION_DAYS = 30
    return datetime.now(UTC)


def keep(now: datetime) -> None:
    """What beat asks for and, of the community edition, what its policies do by themselves."""
    while rollup.fold_again() or rollup.advance(now) or policies.agree(now):
        pass
    while retention.drop_results(now) or retention.drop_hours(now):
        pass
    if editions.look().aggregate:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'"
            )
            for (job,) in cursor.fetchall():
                cursor.execute("CALL run_job(%s)", [job])


def hours() -> list[datetime]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT bucket FROM result_hourly ORDER BY bucket")
        return [bucket for (bucket,) in cursor.fetchall()]


def test_results_go_and_their_hours_stay(now):
    add(*(result(1, now - age * DAY) for age in (0, 5, 12, 20)))
    keep(now)
    assert Result.objects.count() == 2
    assert hours() == [rollup.hour_of(now - age * DAY) for age in (20, 12, 5, 0)]


def test_hours_go_when_they_are_too_old_themselves(now):
    add(*(result(1, now - age * DAY) for age in (0, 20, 45, 100)))
    keep(now)
    assert hours() == [rollup.hour_of(now - age * DAY) for age in (20, 0)]


def test_keeping_twice_removes_nothing_more(now):
    add(*(result(1, now - age * DAY) for age in (0, 5, 12)))
    keep(now)
    before = hours()
    keep(now)
    assert hours() == before
    assert Result.objects.count() == 2


def test_results_that_are_older_than_retention_when_they_come_go_again(now):
    add(result(1, now - DAY), result(1, now - 400 * DAY))
    keep(now)
    add(result(1, now - 300 * DAY))
    keep(now)
    assert Result.objects.count() == 1


def test_nothing_goes_before_it_is_rolled_up(now):
    if editions.look().aggregate:
        pytest.skip("Its policies begin when everything is rolled up.")
    add(result(1, now - 20 * DAY), result(1, now))
    retention.drop_results(now)
    assert Result.objects.count() == 2
    keep(now)
    StaleHour.objects.create(bucket=rollup.hour_of(now - 15 * DAY))
    add(result(1, now - 15 * DAY))
    retention.drop_results(now)
    assert Result.objects.count() == 2
    keep(now)
    assert Result.objects.count() == 1


def test_many_are_removed_in_batches(now, monkeypatch):
    if editions.look().hypertable:
        pytest.skip("Chunks go as a whole.")
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    add(*(result(1, now - 20 * DAY + timedelta(minutes=number)) for number in range(10)))
    while rollup.advance(now):
        pass
    assert retention.drop_results(now)
    assert Result.objects.count() == 6
    housekeeping.retain()
    assert Result.objects.count() == 0


def test_results_of_one_moment_are_never_left_half(now, monkeypatch):
    if editions.look().hypertable:
        pytest.skip("Chunks go as a whole.")
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    add(*(result(pk, now - 20 * DAY) for pk in range(10)))
    while rollup.advance(now):
        pass
    retention.drop_results(now)
    assert Result.objects.count() == 0


def test_a_run_stays_as_long_as_any_result_of_its_age(now):
    """Chunks go as a whole, up to a day after the oldest of their results."""
    first = now - 10 * DAY - timedelta(hours=3)
    for age in (timedelta(hours=1), timedelta(0)):
        Run.objects.create(
            kind=Kind.CONNECTION,
            source=Run.Source.SCHEDULE,
            total=1,
            created_at=first - age,
            finished_at=first,
        )
    add(result(1, first))
    retention.drop_runs(now)
    assert [run.created_at for run in Run.objects.all()] == [first]
    Result.objects.all().delete()
    retention.drop_runs(now)
    assert not Run.objects.exists()


def test_a_policy_of_somebody_else_is_left_alone(now):
    if not editions.look().aggregate:
        pytest.skip("Only the community edition has policies.")
    add(result(1, now))
    keep(now)
    before = policies.policies()
    with connection.cursor() as cursor:
        cursor.execute("SELECT add_reorder_policy('probes_result', 'result_rare_kind')")
        try:
            assert policies.policies() == before
        finally:
            cursor.execute("SELECT remove_reorder_policy('probes_result')")


def test_policies_follow_the_settings(now, settings):
    if not editions.look().aggregate:
        pytest.skip("Only the community edition has policies.")
    add(result(1, now))
    keep(now)
    assert policies.policies()["drop_after"] == 10 * DAY
    settings.TIMESCALE_RETENTION_DAYS, settings.TIMESCALE_COMPRESSION_AFTER_DAYS = 20, 3
    keep(now)
    assert policies.policies() == {
        "compress_after": 3 * DAY,
        "drop_after": 20 * DAY,
        "refresh_from": 19 * DAY,
        "drop_hours_after": 30 * DAY,
    }
