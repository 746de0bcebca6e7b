"""Schedules over HTTP, by the flows that the pages use."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status
from ninja import Schema as Out
from pydantic import BaseModel, ConfigDict, Field

from probes import plans, schedules
from probes.api.answering import ANSWERS, Key, Manner, answered
from probes.api.schemas import Id, Limit, Offset, asker
from probes.models import Kind, Run, Schedule, ScheduleTick
from probes.schedules import Draft

router = Router(tags=["Schedules"])

Scope = Schedule.Scope
Small = Annotated[int, Field(ge=0, le=2**31 - 1)]
MOST_CONNECTIONS = 10_000


class ScheduleOut(Out):
    """``next_at`` is null while it is paused; ``owner`` is whose rights it runs with."""

    id: int
    name: str
    kind: Kind
    params: dict[str, Any]
    scope: Scope
    connections: list[int]
    words: list[str]
    every_seconds: int | None
    cron: str
    time_zone: str
    jitter_seconds: int
    paused: bool
    next_at: datetime | None
    owner: str | None
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def resolve_connections(schedule: Schedule) -> list[int]:
        return [one.pk for one in schedule.connections.all()]

    @staticmethod
    def resolve_owner(schedule: Schedule) -> str | None:
        return schedule.owner.get_username() if schedule.owner else None

    @staticmethod
    def resolve_params(schedule: Schedule, context: Mapping[str, Any]) -> dict[str, Any]:
        return plans.shown(schedule.params, asker(context["request"]))


class SchedulePage(Out):
    items: list[ScheduleOut]
    count: int = Field(description="How many there are, on all pages.")


class ScheduleIn(BaseModel):
    """Give ``every_seconds`` or ``cron``, and not both."""

    model_config = ConfigDict(extra="forbid")

    name: str
    kind: Kind = Kind.CONNECTION
    params: dict[str, Any] = Field(default={}, description="Options of the kind, as when asking for a run.")
    scope: Scope = Scope.ALL
    connections: list[Id] = Field(
        default=[], max_length=MOST_CONNECTIONS, description="Their numbers, for the scope connections."
    )
    words: list[str] = Field(
        default=[],
        max_length=100,
        description="Tags, codes of regions or providers, for the scope of that name.",
    )
    every_seconds: Small | None = Field(None, description="10 to 2,678,400: 31 days.")
    cron: str = Field("", description="Five fields: minute, hour, day of the month, month, weekday.")
    time_zone: str = Field("UTC", description="Whose clock the cron line means, as in Europe/Berlin.")
    jitter_seconds: Small = Field(10, description="It starts up to so much later, always by the same time.")


class SchedulePatch(ScheduleIn):
    """What is not named stays."""

    name: str = ""


class TickOut(Out):
    """A moment at which it was due. ``missed_from`` is the first one before it that nobody was there for."""

    at: datetime
    taken_at: datetime
    missed_from: datetime | None
    outcome: ScheduleTick.Outcome
    reason: str = Field(description="Why it was skipped.")
    run: UUID | None

    @staticmethod
    def resolve_run(tick: ScheduleTick) -> UUID | None:
        return tick.run_id


class Part(BaseModel):
    limit: Limit = 100
    offset: Offset = 0


def _all() -> Any:
    return Schedule.objects.select_related("owner").prefetch_related("connections")


@router.get("", response=SchedulePage, summary="List schedules")
def list_schedules(request: HttpRequest, part: Query[Part]) -> Any:
    found = _all()
    return {"items": found[part.offset : part.offset + part.limit], "count": found.count()}


@router.post("", response={201: ScheduleOut}, summary="Create a schedule")
def create_schedule(request: HttpRequest, given: ScheduleIn) -> Any:
    """It runs with the rights of whoever created or last changed it."""
    return Status(201, schedules.create(_draft(given.model_dump()), user=request.user))


@router.get("/{int:schedule_id}", response=ScheduleOut, summary="Read a schedule")
def read_schedule(request: HttpRequest, schedule_id: Id) -> Any:
    return get_object_or_404(_all(), pk=schedule_id)


@router.patch("/{int:schedule_id}", response=ScheduleOut, summary="Change a schedule")
def change_schedule(request: HttpRequest, schedule_id: Id, given: SchedulePatch) -> Any:
    """It holds from the next start on."""
    with transaction.atomic():
        # Locked, or what somebody else changes in between would be undone.
        stored = Draft.of(get_object_or_404(Schedule.objects.select_for_update(), pk=schedule_id))
        draft = replace(stored, **_fields(given.model_dump(exclude_unset=True)))
        return schedules.change(schedule_id, draft, user=request.user)


@router.delete("/{int:schedule_id}", response={204: None}, summary="Delete a schedule")
def delete_schedule(request: HttpRequest, schedule_id: Id) -> Any:
    """Its runs and their results stay."""
    schedules.delete(get_object_or_404(Schedule, pk=schedule_id).pk)
    return Status(204, None)


@router.post("/{int:schedule_id}/pause", response=ScheduleOut, summary="Pause a schedule")
def pause_schedule(request: HttpRequest, schedule_id: Id) -> Any:
    return schedules.pause(schedule_id)


@router.post("/{int:schedule_id}/resume", response=ScheduleOut, summary="Let a paused schedule go on")
def resume_schedule(request: HttpRequest, schedule_id: Id) -> Any:
    return schedules.resume(schedule_id)


@router.post("/{int:schedule_id}/run", response=ANSWERS, summary="Run a schedule now, out of turn")
def run_schedule(request: HttpRequest, schedule_id: Id, manner: Query[Manner], key: Key = None) -> Any:
    """With the rights of whoever asks. 409 while its last run is still going."""

    def ask() -> Run:
        return schedules.run_now(schedule_id, user=request.user, source=Run.Source.API)

    return answered(request, ask, manner, key)


@router.get(
    "/{int:schedule_id}/ticks", response=list[TickOut], summary="What became of its starts, newest first"
)
def ticks(request: HttpRequest, schedule_id: Id, part: Query[Part]) -> Any:
    return get_object_or_404(Schedule, pk=schedule_id).ticks.all()[part.offset : part.offset + part.limit]


def _draft(given: Mapping[str, Any]) -> Draft:
    return Draft(**_fields(given))


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """As a draft holds them: numbers once, words without repetition."""
    lists = {name: tuple(dict.fromkeys(given[name])) for name in ("connections", "words") if name in given}
    return {**given, **lists}
