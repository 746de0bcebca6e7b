"""The history: checks page by page, or in buckets for a chart, as JSON or as a CSV file."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import BaseModel, ConfigDict, Field

from probes import downloads, history
from probes.api.schemas import ResultOut, named
from probes.charts import NETWORK
from probes.history import Cursor, Filters, Window
from probes.history.measures import MEASURES

router = Router(tags=["History"])

MOST_POINTS = 2000
USUAL = ("checks", "good", "p50_ms", "p95_ms", "total_ms")
CSV = "text/csv"


class Question(BaseModel):
    """Which checks, of what time, and in which form."""

    model_config = ConfigDict(populate_by_name=True)

    connection: list[str] = Field(default=[], description="A connection's number; may be repeated.")
    region: str = Field("", description="A region's code.")
    provider: str = ""
    vantage: str = ""
    kind: str = Field(
        "",
        description="connection, latency, load or health; every kind by default, and where a time is among the "
        "measures of buckets, connection and latency.",
    )
    outcome: str = Field("", description="good, failed, or ours: what our own side could not do.")
    error: str = Field("", description="An error's code.")
    run: str = Field("", description="A run's id.")
    window: str = Field("", description="1h, 6h, 24h (the default), 7d or 30d, until now.")
    begin: str = Field("", alias="from", description="Instead of a window: when it begins, in UTC.")
    end: str = Field("", alias="to", description="When it ends; now by default.")
    format: Literal["json", "csv"] = "json"
    points: int | None = Field(
        None, ge=2, le=MOST_POINTS, description="In at most so many buckets, instead of check by check."
    )
    measure: list[str] = Field(
        default=list(USUAL), max_length=len(MEASURES), description=f"Of a bucket: {', '.join(MEASURES)}."
    )
    before: str = Field("", description="The `older` of a page: the checks that follow it.")
    after: str = Field("", description="The `newer` of a page: the checks that precede it.")
    limit: int = Field(50, ge=1, le=1000, description="Checks on a page of JSON; CSV holds all.")


class CheckPage(Schema):
    """Newest first. ``newer`` and ``older`` go into ``after`` and ``before``; null where the list ends."""

    items: list[ResultOut]
    newer: str | None
    older: str | None


class SeriesOut(Schema):
    """``values`` has one entry a bucket for each measure of each connection; null where nothing was measured."""

    seconds: float = Field(description="The width of a bucket.")
    starts: list[datetime]
    values: dict[str, dict[str, list[float | None]]] = Field(description="By connection, by measure.")


_EXTRA = {"responses": {200: {"content": {CSV: {"schema": {"type": "string"}}}}}}


@router.get("/history", response=CheckPage | SeriesOut, summary="Read the history", openapi_extra=_EXTRA)
def read_history(request: HttpRequest, asked: Query[Question]) -> Any:
    filters, window = Filters.asked(request.GET), Window.asked(request.GET)
    if asked.points is None:
        return (
            downloads.history_as("csv", filters, window)
            if asked.format == "csv"
            else _page(filters, window, asked)
        )
    with history.patience():
        series = _series(filters, window, asked)
    return _table(series, asked.measure) if asked.format == "csv" else _drawn(series)


def _page(filters: Filters, window: Window, asked: Question) -> dict[str, Any]:
    if asked.before and asked.after:
        raise history.Refused("A page begins either before or after a check, not both.")
    with history.patience():
        if asked.after:
            page = history.newer_checks(filters, window, Cursor.parse(asked.after), asked.limit)
        else:
            place = Cursor.parse(asked.before) if asked.before else None
            page = history.older_checks(filters, window, place, asked.limit)
    return {
        "items": named(page.results),
        "newer": str(page.newer) if page.newer else None,
        "older": str(page.older) if page.older else None,
    }


def _series(filters: Filters, window: Window, asked: Question) -> history.Series:
    unknown = [name for name in asked.measure if name not in MEASURES]
    if unknown:
        raise history.Refused(f"There is no such measure; there are {', '.join(MEASURES)}.")
    if filters.outcome or filters.error or filters.run:
        raise history.Refused("Buckets count all checks together: leave out outcome, error and run.")
    assert asked.points is not None
    return history.series_of(
        filters.connection_ids(),
        window,
        list(dict.fromkeys(asked.measure)),
        kinds=_kinds(filters, asked.measure),
        vantages=[filters.vantage] if filters.vantage else (),
        most_points=asked.points,
    )


def _kinds(filters: Filters, measures: Sequence[str]) -> Sequence[str]:
    """Of a health check or a load test a time is another thing than of the network, and never one mean with it."""
    if filters.kind:
        return [filters.kind]
    return NETWORK if any(name.endswith("_ms") for name in measures) else ()


def _drawn(series: history.Series) -> dict[str, Any]:
    return {
        "seconds": series.buckets.width.total_seconds(),
        "starts": series.buckets.starts(),
        "values": {str(pk): values for pk, values in series.of.items()},
    }


def _table(series: history.Series, measures: list[str]) -> HttpResponse:
    names = list(dict.fromkeys(measures))
    lines = [",".join(["connection_id", "at", *names])]
    for pk, values in series.of.items():
        for number, start in enumerate(series.buckets.starts()):
            figures = (values[name][number] for name in names)
            shown = ("" if figure is None else f"{figure}" for figure in figures)
            lines.append(",".join([str(pk), start.isoformat(), *shown]))
    return HttpResponse("\r\n".join([*lines, ""]), content_type=f"{CSV}; charset=utf-8")
