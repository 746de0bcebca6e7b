"""What people do with schedules. Whoever says what one does becomes its owner, and it runs with that person's rights."""

from functools import partial

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from probes import dispatch, live
from probes.models import Kind, Run, Schedule
from probes.schedules import targets
from probes.schedules.drafts import Draft

Somebody = User | AnonymousUser


class StillGoing(dispatch.Refused):
    """The schedule's last run has not ended."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"Its run of {run.created_at:%Y-%m-%d %H:%M:%S} UTC is still going. Wait for it or cancel it."
        )


def check(draft: Draft, *, user: Somebody) -> None:
    """What the model's own rules cannot tell. Raises what `create` does."""
    dispatch.require_rights(draft.kind, draft.params, user)
    targets.check(draft)


def create(draft: Draft, *, user: Somebody) -> Schedule:
    """Raises `ValidationError` by field, `engine.plan.PlanError` and `dispatch.NotPermitted`."""
    return _save(Schedule(), draft, user)


@transaction.atomic
def change(pk: int, draft: Draft, *, user: Somebody) -> Schedule:
    """Holds from the next tick on. Raises what `create` does, and `Schedule.DoesNotExist`."""
    return _save(Schedule.objects.select_for_update().get(pk=pk), draft, user)


def _save(schedule: Schedule, draft: Draft, user: Somebody) -> Schedule:
    check(draft, user=user)
    paused = schedule.pk is not None and schedule.paused
    draft.fill(schedule).owner = user if isinstance(user, User) else None
    schedule.full_clean()
    try:
        with transaction.atomic():
            schedule.save()
            # What it starts at depends on its number.
            schedule.next_at = None if paused else schedule.start_after(timezone.now())
            schedule.save(update_fields=["next_at"])
            schedule.connections.set(draft.connections if draft.scope == Schedule.Scope.CONNECTIONS else ())
    except IntegrityError as error:
        # Somebody took the name between the check and the saving, or deleted a connection.
        raise ValidationError({"name": "Another schedule has this name."}) from error
    _tell()
    return schedule


@transaction.atomic
def pause(pk: int) -> Schedule:
    """Nothing starts until it is resumed, and what would have is not made up for."""
    schedule = Schedule.objects.select_for_update().get(pk=pk)
    schedule.next_at = None
    schedule.save(update_fields=["next_at", "updated_at"])
    _tell()
    return schedule


@transaction.atomic
def resume(pk: int) -> Schedule:
    """Resuming what is not paused changes nothing."""
    schedule = Schedule.objects.select_for_update().get(pk=pk)
    if schedule.paused:
        schedule.next_at = schedule.start_after(timezone.now())
        schedule.save(update_fields=["next_at", "updated_at"])
        _tell()
    return schedule


@transaction.atomic
def delete(pk: int) -> None:
    """Its runs and their results stay; deleting it again changes nothing."""
    # Locked first: a tick that begins a run meanwhile would leave that run with a schedule that is gone.
    if schedule := Schedule.objects.select_for_update().filter(pk=pk).first():
        schedule.delete()
    _tell()


def _tell() -> None:
    """Open pages show what has changed."""
    transaction.on_commit(partial(live.resync, live.FLEET))


@transaction.atomic
def run_now(pk: int, *, user: Somebody, source: Run.Source) -> Run:
    """A run out of turn, with the rights of whoever asks. Raises `dispatch.Refused` and `engine.plan.PlanError`."""
    schedule = Schedule.objects.select_for_update().get(pk=pk)
    if open_run := schedule.runs.open().first():
        raise StillGoing(open_run)
    return request(schedule, user, source)


def request(schedule: Schedule, user: Somebody | None, source: Run.Source) -> Run:
    return dispatch.request_run(
        kind=Kind(schedule.kind),
        connections=targets.targets_of(schedule),
        source=source,
        user=user,
        params=schedule.params,
        schedule=schedule,
        everything=schedule.scope == Schedule.Scope.ALL,
    )
