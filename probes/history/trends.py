"""The last day of many connections at once: what a list draws beside each of them, read from the hourly roll-up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database

from probes.history.figures import figures
from probes.history.measures import OURS
from probes.history.series import Values
from probes.history.shares import Share
from probes.history.windows import HOUR

HOURS = 25
"""The last 24 whole hours and the one under way."""


@dataclass(frozen=True)
class Trend:
    """``HOURS`` hours from ``start`` on: the mean latency of each in ms, None where nothing was timed.

    ``failed`` are the places of the hours in which a check failed, ``last_good`` that of the newest in which one worked.
    """

    start: datetime
    latencies: Values
    failed: Sequence[int]
    last_good: int | None
    share: Share


def trends_of(connection_ids: Iterable[int], now: datetime, *, kind: str, vantage: str) -> dict[int, Trend]:
    """One query, however many connections. One that was not tested in that time is not in the answer."""
    start = now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR
    # Not grouped: that takes as long as the rest of it, for the one hour that comes in two parts.
    question = """
        SELECT connection_id, ((date_part('epoch', bucket) - %(first)s) / 3600)::int, p50_ms, timed, checks, good, ours
        FROM result_hourly
        WHERE connection_id = ANY(%(ids)s::bigint[]) AND kind = %(kind)s AND vantage = %(vantage)s
            AND bucket >= %(start)s AND bucket < %(end)s
    """
    parameters: dict[str, Any] = {
        "ids": list(connection_ids),
        "kind": kind,
        "vantage": vantage,
        "start": start,
        "first": start.timestamp(),
        "end": start + HOURS * HOUR,
    }
    hours: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for hour in figures(question, parameters):
        hours[hour[0]].append(hour)
    return {pk: _trend(start, found) for pk, found in hours.items()}


def _trend(start: datetime, hours: Sequence[Sequence[Any]]) -> Trend:
    """In one pass: a thousand connections have 25,000 hours.

    Of the hour that the watermark stands in there are two parts: each weighs as much as the results in it.
    """
    latencies: Values = [None] * HOURS
    timed = [0] * HOURS
    failed, last_good = set(), -1
    checks = good = ours = 0
    for _, place, latency, timed_then, checks_then, good_then, ours_then in hours:
        if latency is not None:
            timed[place] += timed_then
            before = latencies[place]
            latencies[place] = (
                latency if before is None else before + (latency - before) * timed_then / timed[place]
            )
        if good_then < checks_then:
            failed.add(place)
        if good_then and place > last_good:
            last_good = place
        checks += checks_then
        good += good_then
        ours += ours_then
    return Trend(
        start, latencies, sorted(failed), None if last_good < 0 else last_good, Share(checks, good, ours)
    )


def failing_since(trends: Mapping[int, Trend], *, kind: str, vantage: str) -> dict[int, datetime]:
    """When each of the connections failed first after it last worked, or first in its trend. One query.

    A connection whose trend holds no such check is not in the answer.
    """
    # The oldest hour leaves TimescaleDB's other chunks out of the plan; that of each connection is known too late for it.
    question = f"""
        SELECT asked.id, failed.issued_at
        FROM unnest(%(ids)s::bigint[], %(hours)s::timestamptz[]) AS asked (id, hour)
        LEFT JOIN LATERAL (
            SELECT issued_at FROM probes_result
            WHERE connection_id = asked.id AND kind = %(kind)s AND vantage = %(vantage)s AND ok
                AND issued_at >= %(oldest)s::timestamptz AND issued_at >= asked.hour
                AND issued_at < asked.hour + interval '1 hour'
            ORDER BY issued_at DESC LIMIT 1
        ) AS worked ON true
        CROSS JOIN LATERAL (
            SELECT issued_at FROM probes_result
            WHERE connection_id = asked.id AND kind = %(kind)s AND vantage = %(vantage)s AND NOT ok AND NOT {OURS}
                AND issued_at >= %(oldest)s::timestamptz AND issued_at >= asked.hour
                AND issued_at > coalesce(worked.issued_at, '-infinity')
            ORDER BY issued_at LIMIT 1
        ) AS failed
    """  # noqa: S608 - made of our own words
    hours = [trend.start + (trend.last_good or 0) * HOUR for trend in trends.values()]
    parameters: dict[str, Any] = {
        "ids": list(trends),
        "hours": hours,
        "oldest": min(hours, default=None),
        "kind": kind,
        "vantage": vantage,
    }
    with database.cursor() as cursor:
        cursor.execute(question, parameters)
        return dict(cursor.fetchall())
