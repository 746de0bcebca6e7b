"""Series for charts: these connections, this window, at most so many points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from probes.history.measures import MEASURES
from probes.history.refusals import Refused
from probes.history.statements import HOUR, hourly
from probes.history.windows import MONDAY, Buckets, Window

MOST_CONNECTIONS = 100
POINTS = 300

Values = list[float | None]


@dataclass(frozen=True)
class Series:
    """For each connection and measure one value a bucket; None where nothing was measured."""

    buckets: Buckets
    of: Mapping[int, Mapping[str, Values]]


def series_of(
    connection_ids: Sequence[int],
    window: Window,
    measures: Sequence[str],
    *,
    kinds: Sequence[str] = (),
    vantages: Sequence[str] = (),
    most_points: int = POINTS,
) -> Series:
    """Every connection that was asked for is in the answer, also when it has no data.

    No ``kinds`` means every kind, no ``vantages`` every vantage. Raises `Refused` for too many connections.
    """
    chosen = bounded(connection_ids)
    buckets = Buckets.of(window, most_points)
    found: dict[int, dict[str, Values]] = {
        pk: {name: [None] * buckets.count for name in measures} for pk in chosen
    }
    parameters: dict[str, Any] = {
        "width": buckets.width,
        "origin": MONDAY,
        "ids": chosen,
        "start": buckets.first,
        "end": buckets.end,
        "kinds": list(kinds),
        "vantages": list(vantages),
    }
    with database.cursor() as cursor:
        cursor.execute(_question(buckets, measures, kinds, vantages), parameters)
        for pk, at, *values in cursor:
            place = buckets.place(at)
            for name, value in zip(measures, values, strict=True):
                found[pk][name][place] = value
    return Series(buckets, found)


def vantages_of(connection_ids: Sequence[int], window: Window) -> list[str]:
    """Where from a chart of these connections would have something to show, the most checks first."""
    buckets = Buckets.of(window, POINTS)
    source = _source(buckets, _which(buckets))
    question = f"SELECT vantage FROM {source} GROUP BY 1 HAVING sum(checks) > 0 ORDER BY sum(checks) DESC, 1"  # noqa: S608
    with database.cursor() as cursor:
        cursor.execute(question, {"ids": bounded(connection_ids), "start": buckets.first, "end": buckets.end})
        return [vantage for (vantage,) in cursor]


def bounded(connection_ids: Sequence[int]) -> list[int]:
    """The connections, unless they are too many for one chart: then `Refused`."""
    if len(connection_ids) > MOST_CONNECTIONS:
        raise Refused(
            f"At most {MOST_CONNECTIONS} connections can be drawn at once, and {len(connection_ids):,} were "
            "asked for."
        )
    return list(connection_ids)


def _question(
    buckets: Buckets, measures: Sequence[str], kinds: Sequence[str], vantages: Sequence[str]
) -> str:
    which = _which(buckets)
    which += " AND kind = ANY(%(kinds)s)" if kinds else ""
    which += " AND vantage = ANY(%(vantages)s)" if vantages else ""
    at = f"date_bin(%(width)s, {_moment(buckets)}, %(origin)s)"
    bucket = at if buckets.hourly else "bucket"
    columns = ", ".join(MEASURES[name] for name in measures)
    return f"SELECT connection_id, {bucket}, {columns} FROM {_source(buckets, which, at)} GROUP BY 1, 2"  # noqa: S608


def _moment(buckets: Buckets) -> str:
    return "bucket" if buckets.hourly else "issued_at"


def _which(buckets: Buckets) -> str:
    moment = _moment(buckets)
    return f"connection_id = ANY(%(ids)s::bigint[]) AND {moment} >= %(start)s AND {moment} < %(end)s"


def _source(buckets: Buckets, which: str, at: str = HOUR) -> str:
    """The roll-up, or rows that are rolled up like it, where ``which`` holds."""
    return f"result_hourly WHERE {which}" if buckets.hourly else f"({hourly(which, at)}) AS rolled_up"
