"""Recent checks, newest first, a page at a time from wherever a cursor points.

Every question is bounded in time on both sides: without that a page deep in the past reads all of its compressed
chunks. Where checks are rare the bounds widen step by step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database

from connections.models import Connection
from probes.history.cursors import Cursor
from probes.history.filters import Filters
from probes.history.windows import Window
from probes.models import Kind, Result

PAGE = 50
FIRST_STEP = timedelta(days=1)
WIDENING = 4

KEY = ("issued_at", "run_id", "connection_id", "vantage")
COLUMNS = [field.column for field in Result._meta.concrete_fields if field.column and field.name != "detail"]


@dataclass(frozen=True)
class Page:
    """Checks newest first, without their ``detail``; cursors are None where the list ends."""

    results: Sequence[Result]
    newer: Cursor | None
    older: Cursor | None


def newest_checks(filters: Filters, window: Window, size: int = PAGE) -> Page:
    return older_checks(filters, window, None, size)


def older_checks(filters: Filters, window: Window, before: Cursor | None, size: int = PAGE) -> Page:
    """The checks that follow the cursor in the list."""
    found = _read(_Walk(filters, window, before, older=True), size + 1)
    newer = Cursor.at(found[0]) if found and before else None
    return Page(found[:size], newer, Cursor.at(found[size - 1]) if len(found) > size else None)


def newer_checks(filters: Filters, window: Window, after: Cursor, size: int = PAGE) -> Page:
    """The checks that precede the cursor in the list."""
    found = _read(_Walk(filters, window, after, older=False), size + 1)
    shown = found[:size][::-1]
    newer = Cursor.at(shown[0]) if len(found) > size else None
    return Page(shown, newer, Cursor.at(shown[-1]) if shown else None)


def _read(walk: "_Walk", most: int) -> list[Result]:
    found: list[Result] = []
    for start, end in walk.steps():
        with database.cursor() as cursor:
            cursor.execute(*walk.question(start, end, most - len(found)))
            # Raw querysets know no composite primary key.
            found += [Result.from_db(database.alias, COLUMNS, row) for row in cursor]
        if len(found) >= most:
            break
    return found


class _Walk:
    """One way through the list from one place."""

    def __init__(self, filters: Filters, window: Window, place: Cursor | None, *, older: bool) -> None:
        self.older = older
        self.place = place
        self.start = window.start
        self.end = window.listed_until
        self.ids = filters.connection_ids() if filters.by_connection else None
        # An index of its own finds other kinds of a connection; walking all of its checks would not.
        self.one_by_one = self.ids is not None and filters.kind in ("", Kind.CONNECTION)
        self.conditions, self.parameters = filters.conditions()

    def steps(self) -> Iterator[tuple[datetime, datetime]]:
        """Adjoining stretches of time in the order of the walk, each four times as long as the one before."""
        start, end, step = self.start, self.end, FIRST_STEP
        if self.place and self.older:
            end = min(end, self.place.issued_at + timedelta.resolution)
        elif self.place:
            start = max(start, self.place.issued_at)
        while start < end:
            if self.older:
                yield max(start, end - step), end
                end -= min(step, end - start)
            else:
                yield start, min(end, start + step)
                start += min(step, end - start)
            step *= WIDENING

    def question(self, start: datetime, end: datetime, most: int) -> tuple[str, dict[str, Any]]:
        conditions = ["issued_at >= %(start)s AND issued_at < %(end)s", *self.conditions]
        parameters = {**self.parameters, "start": start, "end": end, "most": most, "ids": self.ids}
        if self.place:
            names = ", ".join(f"%(place_{name})s" for name in KEY)
            conditions.append(f"({', '.join(KEY)}) {'<' if self.older else '>'} ({names})")
            parameters |= {f"place_{name}": value for name, value in zip(KEY, self.place.key, strict=True)}
        return self._sql(conditions), parameters

    def _sql(self, conditions: list[str]) -> str:
        order = ", ".join(f"{name} {'DESC' if self.older else 'ASC'}" for name in KEY)
        columns = ", ".join(COLUMNS)
        if self.one_by_one:
            return f"""
                SELECT found.* FROM unnest(%(ids)s::bigint[]) AS wanted(id) CROSS JOIN LATERAL (
                    SELECT {columns} FROM probes_result
                    WHERE connection_id = wanted.id AND {" AND ".join(conditions)} ORDER BY {order} LIMIT %(most)s
                ) AS found ORDER BY {order} LIMIT %(most)s
            """  # noqa: S608 - made of our own words
        conditions.append(
            "connection_id = ANY(%(ids)s::bigint[])"
            if self.ids is not None
            else _of_connections_that_are_there()
        )
        return f"""
            SELECT {columns} FROM probes_result WHERE {" AND ".join(conditions)} ORDER BY {order} LIMIT %(most)s
        """  # noqa: S608 - made of our own words


def _of_connections_that_are_there() -> str:
    """What a deleted connection left stays unseen until it is purged."""
    there, parameters = Connection.objects.order_by().values("pk").query.sql_with_params()
    assert not parameters
    return f"connection_id IN ({there})"
