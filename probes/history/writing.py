"""Writes results, each once."""

import json
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.types.json import Jsonb

from probes.history import locks, rollup
from probes.history.statements import statement
from probes.models import Measured, Result, Run

FEW = 10

Key = tuple[int, str]
"""Of a result in its run: connection and vantage."""

COLUMNS = [field.column for field in Result._meta.concrete_fields if field.column]
_VALUES = attrgetter(*COLUMNS)
_DETAIL = COLUMNS.index("detail")
_KEY = {"connection_id", "vantage", "kind"}


def record(run: Run, results: Sequence[Result]) -> list[Result]:
    """Adds what is not there yet and returns just that. The caller holds the locks of the run and the connections.

    A second delivery meets the same (issued_at, run, connection, vantage) and changes nothing.
    """
    if not results:
        return []
    with connection.cursor() as cursor:
        locks.write(cursor)
        fresh = _add_few(cursor, results) if len(results) <= FEW else _add_many(cursor, results)
        if fresh:
            rollup.mark_stale(cursor, run.created_at, run.created_at)
    return [result for result in results if (result.connection_id, result.vantage) in fresh]


def _add_few(cursor: CursorWrapper, results: Sequence[Result]) -> set[Key]:
    """A temporary table costs more than it saves here, and leaves a hundred dead rows in the catalogue."""
    rows = [dict(zip(COLUMNS, _VALUES(result), strict=True)) for result in results]
    cursor.execute(
        _record_sql("jsonb_populate_recordset(NULL::probes_result, %s::jsonb)"),
        [json.dumps(rows, default=str)],
    )
    return set(cursor.fetchall())


def _add_many(cursor: CursorWrapper, results: Sequence[Result]) -> set[Key]:
    cursor.execute(statement("incoming"))
    copy_in(cursor, "incoming", results)
    cursor.execute(_record_sql("incoming"))
    fresh = set(cursor.fetchall())
    # Ends with the transaction anyway, but a transaction may record twice.
    cursor.execute("DROP TABLE incoming")
    return fresh


def copy_in(cursor: CursorWrapper, table: str, results: Sequence[Result]) -> None:
    """COPY into a table that has the columns of `Result`."""
    with (
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({', '.join(COLUMNS)}) FROM STDIN") as copy,
    ):
        for result in results:
            copy.write_row(_row(result))


def _row(result: Result) -> list[Any]:
    values = list(_VALUES(result))
    values[_DETAIL] = Jsonb(values[_DETAIL])
    return values


def _record_sql(incoming: str) -> str:
    replaced = [
        name for field in Measured._meta.get_fields() if (name := getattr(field, "column", "")) not in _KEY
    ]
    return (
        statement("record")
        .replace("{incoming}", incoming)
        .replace("{columns}", ", ".join(COLUMNS))
        .replace("{replaced}", ", ".join(f"{name} = excluded.{name}" for name in replaced))
    )
