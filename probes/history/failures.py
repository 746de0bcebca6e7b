"""Failures by their code, read from the raw rows, which are few."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database

from probes.history.series import Values, bounded
from probes.history.windows import MONDAY, Buckets, Window

OTHER = "other codes"
MOST_CODES = 8


@dataclass(frozen=True)
class Failures:
    """For each code its failures a bucket, the most frequent first; None where there were none."""

    buckets: Buckets
    of: Mapping[str, Values]


def failures_of(
    connection_ids: Sequence[int],
    window: Window,
    *,
    kinds: Sequence[str] = (),
    vantages: Sequence[str] = (),
    most_points: int = 300,
) -> Failures:
    """Our own failures are among them. Codes beyond the eight most frequent are `OTHER`."""
    buckets = Buckets.of(window, most_points)
    parameters: dict[str, Any] = {
        "width": buckets.width,
        "origin": MONDAY,
        "ids": bounded(connection_ids),
        "start": buckets.first,
        "end": buckets.end,
        "kinds": list(kinds),
        "vantages": list(vantages),
    }
    with database.cursor() as cursor:
        cursor.execute(_QUESTION, parameters)
        rows = cursor.fetchall()
    return Failures(buckets, _by_frequency(rows, buckets))


def _by_frequency(rows: Sequence[tuple[str, datetime, int]], buckets: Buckets) -> dict[str, Values]:
    totals: dict[str, int] = {}
    for code, _, count in rows:
        totals[code] = totals.get(code, 0) + count
    ordered = sorted(totals, key=lambda code: (-totals[code], code))
    named = ordered if len(ordered) <= MOST_CODES else ordered[: MOST_CODES - 1]
    found: dict[str, Values] = {code: [None] * buckets.count for code in named}
    if len(named) < len(ordered):
        found[OTHER] = [None] * buckets.count
    for code, at, count in rows:
        values, place = found.get(code, found.get(OTHER, [])), buckets.place(at)
        values[place] = (values[place] or 0) + count
    return found


_QUESTION = """
SELECT error_code, date_bin(%(width)s, issued_at, %(origin)s) AS at, count(*)
FROM probes_result
WHERE NOT ok AND connection_id = ANY(%(ids)s::bigint[]) AND issued_at >= %(start)s AND issued_at < %(end)s
  AND (%(kinds)s::text[] = '{}' OR kind = ANY(%(kinds)s::text[]))
  AND (%(vantages)s::text[] = '{}' OR vantage = ANY(%(vantages)s::text[]))
GROUP BY error_code, at
"""
