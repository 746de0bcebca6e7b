"""How often tests worked: one figure for each of many connections, and the strip of one as a status page shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection as database

from probes.history.measures import MEASURES
from probes.history.series import series_of
from probes.history.windows import HOUR, Window

MOST_CELLS = 96
_COUNTS = ("checks", "good", "ours")


@dataclass(frozen=True)
class Share:
    """Of ``checks`` that say something about the database, ``good`` worked; ``ours`` more failed on our own side."""

    checks: int
    good: int
    ours: int

    @property
    def value(self) -> float | None:
        """0 to 1; None when nothing was measured."""
        return self.good / self.checks if self.checks else None


def success_shares(
    connection_ids: Iterable[int], now: datetime, *, kinds: Sequence[str] = (), vantages: Sequence[str] = ()
) -> dict[int, Share]:
    """The last 24 whole hours and the one under way, for any number of connections in one query.

    A connection that was not tested in that time is not in the answer.
    """
    conditions = ["bucket >= %(start)s", "connection_id = ANY(%(ids)s::bigint[])"]
    conditions += ["kind = ANY(%(kinds)s)"] if kinds else []
    conditions += ["vantage = ANY(%(vantages)s)"] if vantages else []
    columns = ", ".join(MEASURES[name] for name in _COUNTS)
    question = f"""
        SELECT connection_id, {columns}
        FROM result_hourly WHERE {" AND ".join(conditions)} GROUP BY connection_id
    """  # noqa: S608 - made of our own words
    start = now.replace(minute=0, second=0, microsecond=0) - 24 * HOUR
    parameters: dict[str, Any] = {
        "start": start,
        "ids": list(connection_ids),
        "kinds": list(kinds),
        "vantages": list(vantages),
    }
    with database.cursor() as cursor:
        cursor.execute(question, parameters)
        return {pk: Share(*counts) for pk, *counts in cursor}


class CellState(StrEnum):
    GOOD = "good"
    PARTLY = "partly"
    BAD = "bad"
    NONE = "none"
    OURS = "ours"


@dataclass(frozen=True)
class Cell:
    """One stretch of a strip; the end is exclusive."""

    start: datetime
    end: datetime
    share: Share

    @property
    def state(self) -> CellState:
        if not self.share.checks:
            return CellState.OURS if self.share.ours else CellState.NONE
        if self.share.good == self.share.checks:
            return CellState.GOOD
        return CellState.PARTLY if self.share.good else CellState.BAD


def strip_of(
    connection_id: int,
    window: Window,
    *,
    kinds: Sequence[str] = (),
    vantages: Sequence[str] = (),
    most_cells: int = MOST_CELLS,
) -> list[Cell]:
    """The window in equal cells, oldest first, without a gap."""
    found = series_of(
        [connection_id], window, _COUNTS, kinds=kinds, vantages=vantages, most_points=most_cells
    )
    columns = [found.of[connection_id][name] for name in _COUNTS]
    return [
        Cell(start, start + found.buckets.width, Share(*(int(value or 0) for value in counts)))
        for start, counts in zip(found.buckets.starts(), zip(*columns, strict=True), strict=True)
    ]
