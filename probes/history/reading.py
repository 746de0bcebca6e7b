"""Results as rows: those of a run, those of a connection, the newest."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Count, FilteredRelation, Q

from connections.models import Connection
from probes.history.brief import in_brief
from probes.models import Latest, Measured, Result, Run
from probes.states import state_in_sql

EARLIER = timedelta(days=90)
"""How far back a run is compared."""
RECENT = 50


def missing(run: Run, vantage: str, connection_ids: Iterable[int]) -> list[int]:
    """Those of the connections that have no result of this run from this vantage yet, in their order."""
    done = set(
        Result.objects.of_run(run)
        .filter(vantage=vantage, connection_id__in=list(connection_ids))
        .values_list("connection_id", flat=True)
    )
    return [pk for pk in connection_ids if pk not in done]


def of_run(run: Run, offset: int = 0, most: int | None = None) -> list[Result]:
    """Of a run of a single probe with its whole detail, for that is a page of its own; else in brief."""
    results = Result.objects.of_run(run).order_by("finished_at", "connection_id", "vantage")
    part = results[offset : None if most is None else offset + most]
    return list(part) if run.total == 1 else in_brief(part)


def one(run: Run, connection_id: int, vantage: str) -> Result | None:
    return Result.objects.of_run(run).filter(connection_id=connection_id, vantage=vantage).first()


def earlier(result: Measured, connection_id: int, vantage: str, most: int = 20) -> list[Result]:
    """Results of the same kind, connection and vantage before this one, the newest first, in brief."""
    before = Result.objects.of_connection(connection_id).filter(
        kind=result.kind,
        vantage=vantage,
        issued_at__lt=result.issued_at,
        issued_at__gte=result.issued_at - EARLIER,
    )
    return in_brief(before[:most])


def recent(connection_id: int) -> list[Result]:
    """In brief."""
    return in_brief(Result.objects.of_connection(connection_id)[:RECENT])


def newest(count: int) -> list[Result]:
    """The newest results of all connections that still exist, in brief; a deleted one's stay in the table unseen."""
    return in_brief(
        Result.objects.filter(connection_id__in=Connection.objects.values("pk")).order_by(
            "-issued_at", "-run_id", "-finished_at"
        )[:count]
    )


def latest_of(connection_ids: Iterable[int], vantage: str, kind: str) -> dict[int, Measured]:
    """The newest result of each connection, by its id; from the side table, so it costs one row each."""
    rows = Latest.objects.filter(connection_id__in=list(connection_ids), vantage=vantage, kind=kind)
    return {row.connection_id: row for row in rows}


def latest_by_kind(connection_id: int, vantage: str) -> dict[str, Measured]:
    """The newest result of one connection of each kind, by the kind; one query."""
    return {row.kind: row for row in Latest.objects.filter(connection_id=connection_id, vantage=vantage)}


def answered(runs: Iterable[Run]) -> set[tuple[UUID, int]]:
    """The pairs of run and connection that have a result."""
    moments = {run.created_at: run.pk for run in runs}
    rows = Result.objects.filter(issued_at__in=moments.keys(), run_id__in=moments.values())
    return set(rows.values_list("run_id", "connection_id"))


@dataclass(frozen=True)
class Group:
    """So many active connections of a provider in a region (by its code) that are in one state."""

    provider: str
    region: str | None
    region_name: str | None
    state: str
    count: int


def totals(vantage: str, kind: str) -> list[Group]:
    """The active connections counted. The groups grow with regions, not with connections."""
    newest = FilteredRelation("latest", condition=Q(latest__vantage=vantage, latest__kind=kind))
    states = Connection.objects.active().annotate(newest=newest).annotate(state=state_in_sql("newest"))
    by = ("provider", "region__code", "region__name", "state")
    counted = states.values(*by).annotate(count=Count("pk")).order_by()
    return [Group(*row) for row in counted.values_list(*by, "count")]
