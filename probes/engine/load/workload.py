"""What the clients ask: prepared once on each connection, then bound and run."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from probes.engine.errors import ProbeError
from probes.engine.load.plan import LoadPlan
from probes.engine.load.scratch import TABLE
from probes.engine.wire import SYNC, Wire, describe, parse, run

RANGE_ROWS = 100
_POINTS_OF_TEN = 9

WATCH_MS = 500
"""How often a server looks whether the client of a running statement is still there."""

WATCH = f"SET LOCAL client_connection_check_interval = {WATCH_MS}"

_TRY_WATCH = (
    f"SELECT pg_catalog.set_config(name, '{WATCH_MS}', true) FROM pg_catalog.pg_settings "  # noqa: S608
    "WHERE name = 'client_connection_check_interval'"
)

SELECT1 = "SELECT 1"
POINT = f"SELECT filler FROM {TABLE} WHERE id = $1::int"  # noqa: S608 - the name is ours
RANGE = f"SELECT id, filler FROM {TABLE} WHERE id BETWEEN $1::int AND $1::int + {RANGE_ROWS - 1}"  # noqa: S608

Next = Callable[[], bytes]
"""Gives the bytes of the next request; a new one each time where keys are random."""


@dataclass(frozen=True)
class Ground:
    """What a look at the database found: the rows of the scratch table, and whether the server can be told to notice
    that its client is gone (``watchful``).
    """

    rows: int = 0
    watchful: bool = False


@dataclass(frozen=True)
class Statements:
    """``prepare`` is sent once on each connection, without a Sync; ``next_request`` gives each request."""

    prepare: bytes
    next_request: Next
    checked: bool = False

    async def set_up(self, wire: Wire) -> None:
        """Prepares on this connection. `ProbeError` if the server or we refuse a statement."""
        await wire.ask(self.prepare + SYNC)
        if self.checked and (wire.reader.no_data or wire.reader.parameters):
            what = "takes parameters" if wire.reader.parameters else "returns no rows"
            raise ProbeError("statement_refused", "query", f"the statement {what}")


def statements(plan: LoadPlan, ground: Ground, *, pooled: bool, seed: int | None = None) -> Statements:
    """Through a pooler nothing stays prepared between requests."""
    # Keys for a test, not for a lock.
    key, rows = random.Random(seed), ground.rows  # noqa: S311
    if plan.workload == "sql":
        return _own_sql(plan, watchful=ground.watchful, pooled=pooled)
    if plan.workload == "select1":
        return _fixed(SELECT1, pooled=pooled)

    point, point_text = _named(b"point", POINT, pooled=pooled)
    span, span_text = _named(b"range", RANGE, pooled=pooled)

    def next_point() -> bytes:
        return point_text + run(point, b"%d" % (1 + int(key.random() * rows))) + SYNC

    def next_range() -> bytes:
        return span_text + run(span, b"%d" % (1 + int(key.random() * max(rows - RANGE_ROWS, 1)))) + SYNC

    def next_mixed() -> bytes:
        return next_point() if key.random() * 10 < _POINTS_OF_TEN else next_range()

    choice = {"point": next_point, "range": next_range, "mixed": next_mixed}[plan.workload]
    return Statements(parse(point, POINT) + parse(span, RANGE), choice)


async def can_watch(connection: Any) -> bool:
    """Whether this server, from PostgreSQL 14 on and on most systems, notices while it works that a client is gone."""
    try:
        # Within a savepoint, as some systems refuse it.
        async with connection.transaction():
            return await connection.fetchval(_TRY_WATCH) is not None
    except asyncpg.PostgresError:
        return False


def _named(name: bytes, sql: str, *, pooled: bool) -> tuple[bytes, bytes]:
    """The statement's name and what goes before each use: nothing, or the unnamed statement's text."""
    return (b"", parse(b"", sql)) if pooled else (name, b"")


def _fixed(sql: str, *, pooled: bool) -> Statements:
    name, text = _named(b"one", sql, pooled=pooled)
    request = text + run(name) + SYNC
    return Statements(parse(name, sql), lambda: request)


def _own_sql(plan: LoadPlan, *, watchful: bool, pooled: bool) -> Statements:
    """One request is a whole transaction: read-only, with a timeout, and rolled back, settings included.

    What returns no rows is refused before it ever runs: COMMIT, SET, DO, COPY and whatever else could leave
    the transaction or the database. The rest can write nothing inside it. What no transaction stops are functions
    that act outside it, as far as the user may call them: pg_terminate_backend, pg_reload_conf, lo_export, dblink,
    a lock of pg_advisory_lock until the connection ends. Hence only for those whom one would give the user's password.
    """
    timeout = f"SET LOCAL statement_timeout = {max(int(plan.statement_seconds * 1000), 1)}"
    parts = {b"begin": "BEGIN READ ONLY", b"limit": timeout, b"own": plan.sql, b"end": "ROLLBACK"}
    if watchful:
        # Even if this process dies, nothing of it goes on.
        parts = {b"begin": parts.pop(b"begin"), b"watch": WATCH, **parts}
    named = {name: _named(name, sql, pooled=pooled) for name, sql in parts.items()}
    request = b"".join(text + run(name) for name, text in named.values()) + SYNC
    own, _ = named[b"own"]
    others = b"" if pooled else b"".join(parse(name, sql) for name, sql in parts.items() if name != b"own")
    return Statements(others + parse(own, plan.sql) + describe(own), lambda: request, checked=True)
