"""A tick is one run, exactly once; what cannot start says why, and an absence of ours is one gap and no burst."""

import threading
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.utils import timezone

from probes import schedules
from probes.models import Kind, Run, Schedule, ScheduleTick
from probes.plans import RUN_OWN_SQL
from probes.schedules import Draft
from tests.rigs.pump import pump

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)
SQL = {"clients": 1, "seconds": 1, "workload": "sql", "sql": "SELECT 1"}


def runs_of(schedule: Schedule) -> list[Run]:
    return list(schedule.runs.all())


def only_tick(schedule: Schedule) -> ScheduleTick:
    [tick] = schedule.ticks.all()
    return tick


def finish_runs() -> None:
    Run.objects.update(finished_at=timezone.now(), state=Run.State.FINISHED)


def test_a_due_schedule_starts_a_run_of_its_owner_that_travels_to_the_end(
    make_schedule, make_connection, user
):
    make_connection()
    pump()
    schedule = make_schedule()
    due = schedule.next_at
    assert schedules.tick(due) == 1
    [run] = runs_of(schedule)
    assert (run.source, run.requested_by, run.kind, run.total) == ("schedule", user, "connection", 1)
    pump()
    run.refresh_from_db()
    assert (run.state, run.failed) == ("finished", 0)
    tick = only_tick(schedule)
    assert (tick.at, tick.outcome, tick.run, tick.missed_from) == (due, "started", run, None)


def test_nothing_starts_before_its_time_nor_twice_at_it(make_schedule, make_connection):
    make_connection()
    schedule = make_schedule()
    due = schedule.next_at
    assert schedules.tick(due - timedelta(seconds=1)) == 0
    assert [schedules.tick(due), schedules.tick(due), schedules.tick(due + timedelta(seconds=59))] == [
        1,
        0,
        0,
    ]
    assert len(runs_of(schedule)) == 1


def test_a_tick_that_was_taken_is_not_taken_again_even_if_the_clock_went_back(make_schedule, make_connection):
    make_connection()
    schedule = make_schedule()
    due = schedule.next_at
    schedules.tick(due)
    finish_runs()
    Schedule.objects.update(next_at=due)
    assert schedules.tick(due) == 0
    schedule.refresh_from_db()
    assert schedule.next_at == due + MINUTE
    assert len(runs_of(schedule)) == 1


def test_after_an_absence_there_is_one_run_and_a_gap_that_can_be_seen(make_schedule, make_connection):
    make_connection()
    schedule = make_schedule()
    due = schedule.next_at
    back = due + timedelta(hours=3, seconds=20)
    assert [schedules.tick(back), schedules.tick(back)] == [1, 0]
    tick = only_tick(schedule)
    assert (tick.missed_from, tick.at, tick.taken_at) == (due, due + timedelta(hours=3), back)
    schedule.refresh_from_db()
    assert schedule.next_at == due + timedelta(hours=3, minutes=1)


def test_a_long_absence_of_many_schedules_is_followed_by_no_flood(
    make_schedule, make_connection, monkeypatch
):
    monkeypatch.setattr("probes.schedules.ticking.AT_ONCE", 3)
    make_connection()
    for number in range(5):
        make_schedule(f"number {number}")
    late = timezone.now() + timedelta(days=1)
    assert [schedules.tick(late), schedules.tick(late), schedules.tick(late)] == [3, 2, 0]


def test_a_schedule_whose_last_run_is_still_going_skips_and_says_so(make_schedule, make_connection):
    make_connection()
    schedule = make_schedule()
    due = schedule.next_at
    schedules.tick(due)
    assert schedules.tick(due + MINUTE) == 1
    newest = schedule.ticks.all()[0]
    assert (newest.outcome, newest.run) == ("skipped", None)
    assert "still going" in newest.reason
    assert len(runs_of(schedule)) == 1
    finish_runs()
    schedules.tick(due + 2 * MINUTE)
    assert len(runs_of(schedule)) == 2


def test_a_paused_schedule_stands_still_and_makes_up_for_nothing(make_schedule, make_connection):
    make_connection()
    schedule = make_schedule()
    schedules.pause(schedule.pk)
    assert schedules.tick(timezone.now() + timedelta(hours=1)) == 0
    resumed = schedules.resume(schedule.pk)
    assert timezone.now() < resumed.next_at <= timezone.now() + MINUTE
    schedules.tick(resumed.next_at)
    assert only_tick(schedule).missed_from is None


def test_an_edit_holds_from_the_next_tick_on(make_schedule, make_connection, user):
    make_connection()
    schedule = make_schedule(every_seconds=86_400)
    changed = schedules.change(
        schedule.pk, Draft(name="probe", kind=Kind.LATENCY, every_seconds=10, jitter_seconds=0), user=user
    )
    assert changed.next_at <= timezone.now() + timedelta(seconds=10)
    schedules.tick(changed.next_at)
    assert [run.kind for run in runs_of(schedule)] == ["latency"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "No connection is active."),
        ({"scope": Schedule.Scope.TAGS, "words": ("gone",)}, "No active connection has one of its tags."),
        (
            {"scope": Schedule.Scope.PROVIDERS, "words": ("aws",)},
            "No active connection is with one of its providers.",
        ),
    ],
)
def test_a_schedule_that_matches_nothing_skips_and_says_so(make_schedule, make_connection, fields, said):
    make_connection(active=False)
    schedule = make_schedule(**fields)
    schedules.tick(schedule.next_at)
    assert only_tick(schedule).reason == said


def test_a_schedule_of_a_deleted_connection_skips_and_says_so(make_schedule, make_connection):
    gone, left = make_connection("gone"), make_connection("left")
    schedule = make_schedule(scope=Schedule.Scope.CONNECTIONS, connections=(gone.pk, left.pk))
    gone.delete()
    finish_runs()
    schedules.tick(schedule.next_at)
    assert only_tick(schedule).run.total == 1
    left.delete()
    schedule.refresh_from_db()
    schedules.tick(schedule.next_at)
    assert "None of its connections" in schedule.ticks.all()[0].reason


def test_it_runs_with_its_owners_rights_looked_at_at_each_tick(make_schedule, make_connection, user):
    make_connection()
    user.is_superuser = False
    user.save()
    may = Permission.objects.get(codename=RUN_OWN_SQL.split(".")[1])
    user.user_permissions.add(may)
    user = type(user).objects.get(pk=user.pk)
    draft = Draft(name="own", kind=Kind.LOAD, params=SQL, every_seconds=60, jitter_seconds=0)
    schedule = schedules.create(draft, user=user)
    schedules.tick(schedule.next_at)
    assert only_tick(schedule).outcome == "started"
    finish_runs()
    user.user_permissions.remove(may)
    schedules.tick(schedule.next_at + MINUTE)
    newest = schedule.ticks.all()[0]
    assert newest.outcome == "skipped"
    assert newest.reason.endswith("It runs with the rights of ada.")
    user.delete()
    schedules.tick(schedule.next_at + 2 * MINUTE)
    assert "its owner is gone" in schedule.ticks.all()[0].reason


def test_what_a_flag_closes_is_skipped_and_said(make_schedule, make_connection, monkeypatch):
    make_connection()
    schedule = make_schedule(kind=Kind.HEALTH)
    monkeypatch.setattr("probes.switches.is_on", lambda key, **about: key != "enable-health-checks")
    schedules.tick(schedule.next_at)
    tick = only_tick(schedule)
    assert (tick.outcome, tick.reason) == (
        "skipped",
        "Health checks are switched off (flag enable-health-checks).",
    )


def test_a_bug_with_one_schedule_delays_no_other(make_schedule, make_connection, monkeypatch, caplog):
    make_connection()
    first, second = make_schedule("a"), make_schedule("b")
    from probes.schedules import ticking

    original = ticking._carry_out

    def broken(schedule, tick):
        if schedule.pk == first.pk:
            raise RuntimeError("a bug")
        original(schedule, tick)

    monkeypatch.setattr(ticking, "_carry_out", broken)
    assert schedules.tick(first.next_at) == 1
    assert [list(first.ticks.all()), len(runs_of(second))] == [[], 1]
    assert "tried again in a minute" in caplog.text
    monkeypatch.undo()
    assert schedules.tick(first.next_at + MINUTE) == 2


def test_ticks_are_forgotten_after_a_month(make_schedule, make_connection):
    from probes.schedules import ticking

    make_connection()
    schedule = make_schedule()
    schedules.tick(schedule.next_at)
    assert ticking.forget() == 0
    schedule.ticks.update(at=timezone.now() - timedelta(days=31))
    assert ticking.forget() == 1


def test_one_that_is_deleted_while_it_begins_a_run_leaves_the_run(make_schedule, make_connection):
    make_connection()
    schedule = make_schedule()
    begun = threading.Event()

    def tick_slowly() -> None:
        with transaction.atomic():
            schedules.run_now(schedule.pk, user=None, source=Run.Source.SCHEDULE)
            begun.set()
            patience = time.monotonic() + 10
            while not _somebody_waits_for_us() and time.monotonic() < patience:
                time.sleep(0.01)
        connection.close()

    ticking = threading.Thread(target=tick_slowly)
    ticking.start()
    assert begun.wait(10)
    schedules.delete(schedule.pk)
    ticking.join()
    assert not Schedule.objects.exists()
    assert Run.objects.filter(schedule=None, source="schedule").count() == 1


def _somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]
