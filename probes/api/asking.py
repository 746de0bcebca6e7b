"""Asking for runs of one, some or all connections."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from connections.models import Connection, Region
from probes import dispatch
from probes.api.answering import ANSWERS, Key, Manner, answered
from probes.api.schemas import Id, asker
from probes.models import Kind, Run, Vantage

router = Router(tags=["Runs"])

MOST_CONNECTIONS = 10_000
MOST_VANTAGES = 100
MOST_SHOWN = 100
"""Characters of what nobody knows."""

Choose = Callable[[], Iterable[Connection]]


class Asked(BaseModel):
    """How to test; nothing of it has to be given."""

    model_config = ConfigDict(extra="forbid")

    params: dict[str, Any] = Field(
        default={},
        description="Options of the kind. latency: samples, interval_ms, warm_up, cold_connects. load: clients, "
        "seconds, rate, spacing, ramp, workload, sql, statement_seconds, max_error_share, all_slots, processes "
        "(0: as many as the test takes).",
        examples=[{"samples": 100}],
    )
    vantages: list[str] = Field(
        default=[],
        max_length=MOST_VANTAGES,
        description="From where; the home vantage when empty. A load test comes from one.",
    )


class AskedOfSome(Asked):
    kind: Kind = Kind.CONNECTION
    connections: list[Id] = Field(max_length=MOST_CONNECTIONS, description="Their numbers.")


class AskedOfAll(Asked):
    kind: Kind = Kind.CONNECTION


@router.post("/runs", response=ANSWERS, summary="Ask for a run of chosen connections")
def ask_of_some(
    request: HttpRequest,
    asked: AskedOfSome,
    manner: Query[Manner],
    key: Key = None,
) -> Any:
    """Connections that do not exist any more are left out."""
    numbers = asked.connections
    return _answer(request, asked.kind, lambda: Connection.objects.filter(pk__in=numbers), asked, manner, key)


@router.post(
    "/connections/{int:connection_id}/{kind}", response=ANSWERS, summary="Ask for a run of a connection"
)
def ask_of_one(
    request: HttpRequest,
    connection_id: Id,
    kind: Kind,
    manner: Query[Manner],
    asked: Asked | None = None,
    key: Key = None,
) -> Any:
    return _answer(request, kind, lambda: _one(connection_id), asked or Asked(), manner, key)


@router.post("/test/all-regions", response=ANSWERS, summary="Ask for a run of every active connection")
def ask_of_all(
    request: HttpRequest,
    manner: Query[Manner],
    asked: AskedOfAll | None = None,
    key: Key = None,
) -> Any:
    asked = asked or AskedOfAll()
    return _answer(request, asked.kind, Connection.objects.active, asked, manner, key)


@router.post(
    "/test/{kind}/{region_id}", response=ANSWERS, summary="Ask for a run of a region's active connections"
)
def ask_of_region(
    request: HttpRequest,
    kind: Kind,
    region_id: str,
    manner: Query[Manner],
    asked: Asked | None = None,
    key: Key = None,
) -> Any:
    """``region_id`` is the region's code, as in ``aws-us-east-1``."""
    return _answer(request, kind, lambda: _of_region(region_id), asked or Asked(), manner, key)


def _one(number: int) -> Iterable[Connection]:
    return [get_object_or_404(Connection, pk=number)]


def _of_region(code: str) -> Iterable[Connection]:
    region = get_object_or_404(Region, code=code)
    return Connection.objects.active().filter(region=region)


def _answer(
    request: HttpRequest, kind: Kind, choose: Choose, asked: Asked, manner: Manner, key: str | None
) -> HttpResponse:
    def ask() -> Run:
        return dispatch.request_run(
            kind=kind,
            connections=choose(),
            source=Run.Source.API,
            user=asker(request),
            params=asked.params,
            vantages=_known(asked.vantages),
            everything=isinstance(asked, AskedOfAll),
        )

    return answered(request, ask, manner, key, asked)


def _known(vantages: Sequence[str]) -> Sequence[str]:
    """The vantages, when each is one that probes run from: a run elsewhere would wait for ever."""
    others = set(vantages) - {settings.VANTAGE}
    there = Vantage.objects.active().filter(code__in=others).values_list("code", flat=True) if others else ()
    if unknown := others - set(there):
        shown = ", ".join(sorted(unknown))[:MOST_SHOWN]
        raise ValidationError(
            {"vantages": f"No active vantage is called so: {shown}. GET /api/vantages lists them."}
        )
    return vantages
