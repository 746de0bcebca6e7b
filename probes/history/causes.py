"""What failed, by its cause, of any number of connections at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database

from probes.history.windows import Window
from probes.models.results import Blame

MOST_CAUSES = 20


@dataclass(frozen=True)
class Cause(Blame):
    """Failures of one code in one phase; ``run_id``, ``connection_id`` and ``vantage`` are those of the newest."""

    error_code: str
    error_phase: str
    failures: int
    connections: int
    first: datetime
    last: datetime
    run_id: UUID
    connection_id: int
    vantage: str


def causes_of(window: Window, *, connection_ids: Iterable[int], most: int = MOST_CAUSES) -> list[Cause]:
    """The most frequent first; our own failures are among them. One query."""
    parameters: dict[str, Any] = {
        "start": window.start,
        "end": window.end,
        "ids": list(connection_ids),
        "most": most,
    }
    with database.cursor() as cursor:
        cursor.execute(_QUESTION, parameters)
        return [Cause(*row) for row in cursor]


_QUESTION = """
SELECT error_code, error_phase, count(*), count(DISTINCT connection_id), min(issued_at), max(issued_at),
  (array_agg(run_id ORDER BY issued_at DESC, run_id, connection_id, vantage))[1],
  (array_agg(connection_id ORDER BY issued_at DESC, run_id, connection_id, vantage))[1],
  (array_agg(vantage ORDER BY issued_at DESC, run_id, connection_id, vantage))[1]
FROM probes_result
WHERE NOT ok AND connection_id = ANY(%(ids)s::bigint[]) AND issued_at >= %(start)s AND issued_at < %(end)s
GROUP BY error_code, error_phase
ORDER BY count(*) DESC, error_code, error_phase LIMIT %(most)s
"""
