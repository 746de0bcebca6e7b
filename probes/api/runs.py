"""Runs: those there were, one with its results, and stopping one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Schema
from ninja.errors import HttpError
from pydantic import BaseModel, Field

from probes import dispatch, history
from probes.api.asking import router
from probes.api.schemas import Limit, Offset, RunInFull, RunOut, named
from probes.models import Kind, Run


class RunFilter(BaseModel):
    kind: Kind | None = None
    state: Run.State | None = None
    source: Run.Source | None = None
    before: UUID | None = Field(None, description="The run that the page begins after; see `older`.")
    limit: Limit = 50


class RunPage(Schema):
    items: list[RunOut]
    older: UUID | None = Field(description="Pass it as `before` for the next page; null on the last.")


class Part(BaseModel):
    limit: Limit = 200
    offset: Offset = 0


@router.get("/runs", response=RunPage, summary="List runs, newest first")
def runs(request: HttpRequest, asked: Query[RunFilter]) -> Any:
    found = Run.objects.select_related("requested_by").newest_first()
    wanted = {"kind": asked.kind, "state": asked.state, "source": asked.source}
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if asked.before:
        found = found.older_than(get_object_or_404(Run, pk=asked.before))
    page = list(found[: asked.limit + 1])
    items = page[: asked.limit]
    return {"items": items, "older": items[-1].pk if len(page) > len(items) else None}


@router.get("/runs/{uuid:run_id}", response=RunInFull, url_name="run", summary="Read a run and its results")
def run(request: HttpRequest, run_id: UUID, part: Query[Part]) -> Any:
    """``limit`` and ``offset`` choose among the results."""
    found = get_object_or_404(Run.objects.select_related("requested_by"), pk=run_id)
    found.results = named(history.of_run(found, part.offset, part.limit))  # type: ignore[attr-defined]
    return found


@router.post("/runs/{uuid:run_id}/cancel", response=RunOut, summary="Stop a run")
def cancel_run(request: HttpRequest, run_id: UUID) -> Any:
    """What waits never starts, what runs stops within about a second; what it found so far is kept."""
    found = get_object_or_404(Run, pk=run_id)
    if not dispatch.cancel_run(found):
        raise HttpError(409, "This run had already ended.")
    return get_object_or_404(Run.objects.select_related("requested_by"), pk=run_id)
