"""However many tick, and wherever one of them dies: each tick is one run."""

import random
import signal
import time
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from probes import broker
from probes.models import Run, Schedule, ScheduleTick
from tests.rigs import beats, ticker

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
STEP = timedelta(seconds=30)


def until(holds, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def set_clock(now: datetime) -> None:
    broker.client().set(ticker.CLOCK, now.timestamp())


def finish_runs() -> None:
    Run.objects.open().update(finished_at=timezone.now(), state=Run.State.FINISHED)


def expected(schedule: Schedule, begin: datetime, end: datetime) -> list[datetime]:
    found, at = [], schedule.start_after(begin)
    while at <= end:
        found.append(at)
        at = schedule.start_after(at)
    return found


def test_two_of_them_and_one_killed_at_random_take_each_tick_of_an_hour_once(make_schedule, make_connection):
    make_connection()
    finish_runs()
    made = [
        *(make_schedule(f"every {seconds}", every_seconds=seconds) for seconds in (60, 90, 300)),
        make_schedule("spread", every_seconds=60, jitter_seconds=60),
        make_schedule("cron", cron="*/2 * * * *"),
        make_schedule("half past", cron="30 * * * *", time_zone="Asia/Kathmandu"),
    ]
    begin = timezone.now()
    for schedule in made:
        Schedule.objects.filter(pk=schedule.pk).update(next_at=schedule.start_after(begin))
    end = begin + HOUR
    killed_at = begin + random.random() * HOUR
    with beats.running(beats.SIMULATED, beats.SIMULATED) as both:
        until(lambda: broker.client().scard(ticker.AT_WORK) == 2)
        victim, now = random.choice(both), begin
        while now < end:
            now = min(now + STEP, end)
            set_clock(now)
            if now >= killed_at and victim.poll() is None:
                # While it is at work on this very moment, more often than not.
                time.sleep(random.random() * 0.02)
                victim.send_signal(signal.SIGKILL)
                victim.wait()
            until(lambda now=now: not Schedule.objects.due(now).exists())
            finish_runs()
    for schedule in made:
        ticks = list(schedule.ticks.order_by("at"))
        assert [tick.at for tick in ticks] == expected(schedule, begin, end)
        assert {(tick.outcome, tick.missed_from) for tick in ticks} == {("started", None)}
        assert sorted(tick.run_id for tick in ticks) == sorted(schedule.runs.values_list("pk", flat=True))


def test_two_real_beats_start_what_is_due_once(make_schedule, make_connection):
    make_connection()
    finish_runs()
    made = [make_schedule(f"number {number}") for number in range(6)]
    Schedule.objects.update(next_at=timezone.now())
    with beats.running(beats.BEAT, beats.BEAT, beats.HOUSEKEEPER):
        until(lambda: ScheduleTick.objects.values("schedule").distinct().count() == len(made))
    assert (
        Run.objects.filter(source=Run.Source.SCHEDULE).count()
        == ScheduleTick.objects.filter(outcome=ScheduleTick.Outcome.STARTED).count()
    )
    assert all(schedule.runs.count() == 1 for schedule in made)
