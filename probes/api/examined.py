"""How the databases are: their newest health, by region or all, and the totals."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import BaseModel, Field

from connections.models import Connection, Region
from probes import history
from probes.api.schemas import Limit, Offset, ResultInFull, StateOut
from probes.history.glances import glances_of
from probes.models import Kind, Measured, Vantage
from probes.states import State, state_of

router = Router(tags=["Health"])


class HealthOut(Schema):
    """A connection as its newest connection test found it, and its newest health check."""

    connection_id: int
    connection: str
    provider: str
    region: str | None = Field(description="A region's code.")
    state: StateOut
    health: ResultInFull | None = Field(description="null when it was never checked.")


class HealthPage(Schema):
    items: list[HealthOut]
    count: int = Field(description="Of active connections, on all pages.")


class Part(BaseModel):
    limit: Limit = 100
    offset: Offset = 0


class VantageOut(Schema):
    code: str
    name: str
    region: str | None = Field(description="A region's code.")
    active: bool

    @staticmethod
    def resolve_region(vantage: Vantage) -> str | None:
        return vantage.region.code if vantage.region else None


class GroupOut(Schema):
    provider: str
    region: str | None = Field(description="A region's code.")
    state: StateOut
    count: int


class SummaryOut(Schema):
    """The active connections, counted by state, and the same by provider and region."""

    healthy: int
    slow: int
    unhealthy: int
    unknown: int
    groups: list[GroupOut]


@router.get("/health/all", response=HealthPage, summary="Read the newest health of all")
def health_of_all(request: HttpRequest, part: Query[Part]) -> Any:
    """It starts nothing: POST /api/test/all-regions with the kind health does."""
    return _page(Connection.objects.active(), part)


@router.get("/health/{region_id}", response=HealthPage, summary="Read the newest health of a region")
def health_of_region(request: HttpRequest, region_id: str, part: Query[Part]) -> Any:
    """``region_id`` is the region's code, as in ``aws-us-east-1``."""
    region = get_object_or_404(Region, code=region_id)
    return _page(Connection.objects.active().filter(region=region), part)


@router.get("/summary", response=SummaryOut, summary="Count the connections by state")
def summary(request: HttpRequest) -> Any:
    groups = history.totals(settings.VANTAGE, Kind.CONNECTION)
    counts = {state.value: sum(one.count for one in groups if one.state == state.value) for state in State}
    return {**counts, "groups": groups}


@router.get("/vantages", response=list[VantageOut], summary="List where probes run from")
def vantages(request: HttpRequest) -> Any:
    return Vantage.objects.select_related("region")


def _page(chosen: QuerySet[Connection], part: Part) -> dict[str, Any]:
    listed = list(
        chosen.select_related("region").order_by("name", "pk")[part.offset : part.offset + part.limit]
    )
    ids = [one.pk for one in listed]
    tested = glances_of(ids, settings.VANTAGE, Kind.CONNECTION)
    checked = history.latest_of(ids, settings.VANTAGE, Kind.HEALTH)
    items = [
        {
            "connection_id": one.pk,
            "connection": one.name,
            "provider": one.provider,
            "region": one.region.code if one.region else None,
            "state": state_of(tested.get(one.pk)).value,
            "health": _called(checked.get(one.pk), one.name),
        }
        for one in listed
    ]
    return {"items": items, "count": chosen.count()}


def _called(result: Measured | None, name: str) -> Measured | None:
    if result is not None:
        result.connection_name = name  # type: ignore[attr-defined]
    return result
