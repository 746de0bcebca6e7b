"""The scratch table that the reading workloads use: made and dropped only when somebody asks for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from probes.engine.dial import dial
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError, timed_out
from probes.engine.plan import require_whole
from probes.engine.resolve import Resolver
from probes.engine.trace import Trace

TABLE = "public.meridian_scratch"
MARK = "Made by Meridian for load tests; safe to drop"
MAX_ROWS = 5_000_000
CREATE_SECONDS = 120.0

_DEFAULT_RULES = EgressRules()
_ROWS = f"SELECT max(id) FROM {TABLE}"  # noqa: S608 - the name is ours
_CREATE = (
    f"CREATE TABLE {TABLE} (id int PRIMARY KEY, filler text NOT NULL)",
    f"COMMENT ON TABLE {TABLE} IS '{MARK}'",
    f"INSERT INTO {TABLE} SELECT number, repeat(md5(number::text), 3) "  # noqa: S608
    "FROM generate_series(1, {rows}) number",
)


async def create_scratch(
    endpoint: Endpoint, rows: int = 100_000, *, rules: EgressRules = _DEFAULT_RULES
) -> None:
    """Makes the table with ``rows`` rows (about 140 bytes each), in place of an older one of ours.

    Raises `PlanError` or `ProbeError`; then nothing has changed.
    """
    require_whole("rows", rows, 100, MAX_ROWS)
    async with _connected(endpoint, rules) as connection, connection.transaction():
        await _drop(connection)
        for statement in _CREATE:
            await connection.execute(statement.replace("{rows}", str(rows)))
    async with _connected(endpoint, rules) as connection:
        await connection.execute(f"VACUUM (ANALYZE) {TABLE}")


async def drop_scratch(endpoint: Endpoint, *, rules: EgressRules = _DEFAULT_RULES) -> None:
    """Drops the table if it is there and ours. Raises `ProbeError`."""
    async with _connected(endpoint, rules) as connection, connection.transaction():
        await _drop(connection)


async def scratch_rows(connection: Any) -> int:
    """How many rows the table has. `ProbeError` when it is missing, not ours or empty."""
    if await _mark(connection) != MARK:
        raise ProbeError("scratch_missing", "query", f"there is no table {TABLE} made by Meridian")
    rows: int | None = await connection.fetchval(_ROWS)
    if not rows:
        raise ProbeError("scratch_missing", "query", f"{TABLE} is empty")
    return rows


async def _drop(connection: Any) -> None:
    mark = await _mark(connection)
    if mark is None:
        return
    if mark != MARK:
        raise ProbeError("scratch_foreign", "query", f"{TABLE} does not carry Meridian's comment")
    await connection.execute(f"DROP TABLE {TABLE}")


async def _mark(connection: Any) -> str | None:
    """The table's comment, or None if there is no such table."""
    found: str | None = await connection.fetchval(
        "SELECT coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class WHERE oid = to_regclass($1)",
        TABLE,
    )
    return found


@contextlib.asynccontextmanager
async def _connected(endpoint: Endpoint, rules: EgressRules) -> AsyncIterator[Any]:
    loop, trace = asyncio.get_running_loop(), Trace()
    try:
        async with (
            asyncio.timeout(CREATE_SECONDS),
            Resolver() as resolver,
            dial(
                endpoint,
                deadline=loop.time() + endpoint.connect_timeout,
                rules=rules,
                resolver=resolver,
                trace=trace,
            ) as session,
        ):
            trace.phase = "query"
            yield session.connection
    except TimeoutError as exc:
        raise timed_out("query", CREATE_SECONDS) from exc
