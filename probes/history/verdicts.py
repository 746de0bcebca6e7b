"""What the newest health checks of many connections found worth acting on, without their rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database

from probes.models import Kind

MOST_CONNECTIONS = 20


@dataclass(frozen=True)
class Verdicts:
    """The checks of one health result that are to act on or to watch: key, title, value, unit, verdict, hint."""

    connection_id: int
    run_id: UUID
    finished_at: datetime
    checks: Sequence[Mapping[str, Any]]


def worst_verdicts(
    connection_ids: Iterable[int], vantage: str, *, most: int = MOST_CONNECTIONS
) -> list[Verdicts]:
    """The connections with the most to act on first; those without any are not among them. One query."""
    parameters: dict[str, Any] = {
        "ids": list(connection_ids),
        "vantage": vantage,
        "kind": Kind.HEALTH,
        "most": most,
    }
    with database.cursor() as cursor:
        cursor.execute(_QUESTION, parameters)
        return [Verdicts(pk, run, at, json.loads(checks)) for pk, run, at, checks in cursor]


_QUESTION = """
SELECT connection_id, run_id, finished_at, graves.checks FROM probes_latest CROSS JOIN LATERAL (
    SELECT jsonb_agg(one - 'rows' ORDER BY one ->> 'verdict', place) AS checks,
      count(*) FILTER (WHERE one ->> 'verdict' = 'act') AS acts
    FROM jsonb_array_elements(CASE jsonb_typeof(detail -> 'checks') WHEN 'array' THEN detail -> 'checks' ELSE '[]' END)
      WITH ORDINALITY AS listed (one, place)
    WHERE one ->> 'verdict' IN ('act', 'watch')
) AS graves
WHERE kind = %(kind)s AND ok AND vantage = %(vantage)s AND connection_id = ANY(%(ids)s::bigint[])
  AND graves.checks IS NOT NULL
ORDER BY graves.acts DESC, jsonb_array_length(graves.checks) DESC, connection_id LIMIT %(most)s
"""
