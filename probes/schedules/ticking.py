"""What beat asks for once a second: start what is due.

1. Of each schedule that is due, its row is locked; whoever finds it locked leaves it to the other.
2. Its tick is the last start that has passed. Any before it that nobody was there for are one gap, not a burst of runs.
3. The tick's row, its run with its outbox, and the next start are committed together. A process that dies before has
   done nothing; two that disagree about the time meet at the tick's unique key.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from probes import dispatch
from probes.engine.plan import PlanError
from probes.models import Run, Schedule, ScheduleTick
from probes.schedules import changing, targets

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""Started in one go, so that a long absence of ours is followed by no flood."""
AFTER_A_BUG = timedelta(minutes=1)
KEPT = timedelta(days=30)
Outcome = ScheduleTick.Outcome


def tick(now: datetime | None = None) -> int:
    """Returns how many ticks it took; others may have taken more."""
    now = now or timezone.now()
    taken = 0
    for pk in list(Schedule.objects.due(now).values_list("pk", flat=True)[:AT_ONCE]):
        try:
            taken += _take(pk, now)
        except Exception:
            # The outermost edge of one schedule: the others must not wait for a bug with this one.
            logger.exception("Schedule %s could not be started; it is tried again in a minute", pk)
            Schedule.objects.due(now).filter(pk=pk).update(next_at=now + AFTER_A_BUG)
    return taken


@transaction.atomic
def _take(pk: int, now: datetime) -> bool:
    schedule = (
        Schedule.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("owner")
        .due(now)
        .filter(pk=pk)
        .first()
    )
    if schedule is None or schedule.next_at is None:
        return False
    at, due = schedule.start_until(now), schedule.next_at
    made, created = ScheduleTick.objects.get_or_create(
        schedule=schedule,
        at=at,
        defaults={"taken_at": now, "missed_from": due if due < at else None, "outcome": Outcome.SKIPPED},
    )
    if created:
        _carry_out(schedule, made)
    schedule.next_at = schedule.start_after(now)
    schedule.save(update_fields=["next_at"])
    return created


def _carry_out(schedule: Schedule, made: ScheduleTick) -> None:
    """Asks for the tick's run, or says why there is none."""
    open_run = schedule.runs.open().first()
    try:
        if open_run is not None:
            raise changing.StillGoing(open_run)
        made.run = changing.request(schedule, schedule.owner, Run.Source.SCHEDULE)
        made.outcome = Outcome.STARTED
    except dispatch.NothingToTest:
        made.reason = targets.NOTHING[Schedule.Scope(schedule.scope)]
    except dispatch.NotPermitted as refusal:
        made.reason = (
            f"{refusal} It runs with the rights of {schedule.owner or 'nobody, as its owner is gone'}."
        )
    except dispatch.Refused as refusal:
        made.reason = str(refusal)
    except PlanError as error:
        made.reason = f"This version cannot carry out what was asked. {error}"
    made.save()


def forget() -> int:
    """Removes the ticks of more than thirty days ago; returns how many."""
    return ScheduleTick.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
