"""The stretches of time in which the tests of a connection failed, seen from one vantage.

Hours in which every test failed, or none, are read from the roll-up; only those in which it changed are read by the
row. However often a connection is tested, and however long it was down, the answer costs about the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database

from probes.history.measures import OURS
from probes.models.results import Blame

REACH = timedelta(days=30)
MOST_OUTAGES = 20


@dataclass(frozen=True)
class Outage(Blame):
    """From the first test that failed until the next that worked; ``end`` is None while none did.

    ``failures`` are the tests that failed meanwhile. The cause and ``run_id`` are those of the first. ``for_longer`` is
    whether it may have begun before what was looked at. What our own side broke neither begins nor ends an outage.
    """

    start: datetime
    end: datetime | None
    failures: int
    error_code: str
    error_phase: str
    run_id: UUID
    vantage: str
    for_longer: bool


def outages_of(connection_id: int, now: datetime, *, kind: str, vantage: str) -> list[Outage]:
    """At most `MOST_OUTAGES` of the last 30 days, the newest first. One query."""
    since = now.replace(minute=0, second=0, microsecond=0) - REACH
    parameters: dict[str, Any] = {
        "id": connection_id,
        "kind": kind,
        "vantage": vantage,
        "since": since,
        "most": MOST_OUTAGES,
        # An outage changes two hours at most, and each such hour belongs to at least one.
        "changing": 2 * MOST_OUTAGES + 1,
    }
    with database.cursor() as cursor:
        cursor.execute(_QUESTION, parameters)
        return [Outage(*row) for row in cursor]


_OF_IT = "connection_id = %(id)s AND kind = %(kind)s AND vantage = %(vantage)s"
_QUESTION = f"""
WITH hours AS MATERIALIZED (
    SELECT bucket, sum(checks - good)::int AS failed, sum(good)::int AS good
    FROM result_hourly WHERE {_OF_IT} AND bucket >= %(since)s GROUP BY bucket
), changing AS MATERIALIZED (
    SELECT bucket FROM hours WHERE failed > 0 AND good > 0 ORDER BY bucket DESC LIMIT %(changing)s
), told AS (
    SELECT bucket AS at, good > 0 AS ok, failed FROM hours
    WHERE (failed > 0) <> (good > 0)
        AND bucket >= coalesce((SELECT min(bucket) FROM changing HAVING count(*) = %(changing)s), %(since)s)
    UNION ALL
    SELECT issued_at, ok, (NOT ok)::int FROM changing CROSS JOIN LATERAL (
        SELECT issued_at, ok FROM probes_result
        WHERE {_OF_IT} AND issued_at >= bucket AND issued_at < bucket + interval '1 hour' AND (ok OR NOT {OURS})
    ) AS tested
), numbered AS (
    SELECT at, ok, failed, count(*) FILTER (WHERE ok) OVER (ORDER BY at, ok) AS worked_before FROM told
), stretches AS (
    SELECT worked_before, min(at) FILTER (WHERE NOT ok) AS start, sum(failed)::int AS failures,
        lead(min(at)) OVER (ORDER BY worked_before) AS "end"
    FROM numbered GROUP BY worked_before
)
SELECT first.issued_at, coalesce(worked.issued_at, "end"), failures, error_code, error_phase, run_id, %(vantage)s,
    worked_before = 0 AND first.issued_at < %(since)s + interval '1 day'
FROM (SELECT * FROM stretches WHERE start IS NOT NULL ORDER BY start DESC LIMIT %(most)s) AS outage
CROSS JOIN LATERAL (
    SELECT issued_at, error_code, error_phase, run_id FROM probes_result
    WHERE {_OF_IT} AND NOT ok AND NOT {OURS} AND issued_at >= start ORDER BY issued_at LIMIT 1
) AS first
LEFT JOIN LATERAL (
    SELECT issued_at FROM probes_result
    WHERE {_OF_IT} AND ok AND issued_at >= "end" AND issued_at < "end" + interval '1 hour' ORDER BY issued_at LIMIT 1
) AS worked ON true
ORDER BY start DESC
"""  # noqa: S608 - made of our own words
