"""Every vantage against every connection: how far, how reliably, on how many checks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from probes.history.measures import MEASURES
from probes.history.windows import Window

_NAMES = ("checks", "good", "ours", "p50_ms", "p95_ms", "p99_ms")


@dataclass(frozen=True)
class Pair:
    """What one vantage saw of one connection; latencies in milliseconds, None when no check worked."""

    checks: int
    good: int
    ours: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @property
    def error_share(self) -> float | None:
        """0 to 1, without our own failures; None when nothing was measured."""
        return 1 - self.good / self.checks if self.checks else None


def matrix_of(
    window: Window,
    *,
    connection_ids: Iterable[int] | None = None,
    kinds: Sequence[str] = ("connection", "latency"),
) -> dict[tuple[str, int], Pair]:
    """By (vantage, connection id); a pair that was never tested is not in it. Whole hours, the first one included.

    Without ``connection_ids`` of all connections, those deleted since among them.
    """
    chosen = "" if connection_ids is None else "AND connection_id = ANY(%(ids)s::bigint[])"
    columns = ", ".join(MEASURES[name] for name in _NAMES)
    question = f"""
        SELECT vantage, connection_id, {columns} FROM result_hourly
        WHERE bucket >= %(start)s AND bucket < %(end)s AND kind = ANY(%(kinds)s) {chosen}
        GROUP BY vantage, connection_id
    """  # noqa: S608 - made of our own words
    parameters: dict[str, Any] = {
        "start": window.start.replace(minute=0, second=0, microsecond=0),
        "end": window.end,
        "kinds": list(kinds),
        "ids": list(connection_ids or ()),
    }
    with database.cursor() as cursor:
        cursor.execute(question, parameters)
        return {(vantage, pk): Pair(*values) for vantage, pk, *values in cursor}
