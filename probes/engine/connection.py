"""The connection probe: can it be reached, and where does the time of a new connection go?"""

import asyncio
import contextlib
import functools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from probes.engine.dial import DRIVER_ERRORS, Session
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import timed_out
from probes.engine.lag import LagWatch
from probes.engine.outcome import Outcome
from probes.engine.pooler import may_be_pooled, note_pooler
from probes.engine.resolve import Resolver
from probes.engine.visit import Background, visiting

_DEFAULT_RULES = EgressRules()


async def probe_connection(
    endpoint: Endpoint,
    *,
    rules: EgressRules = _DEFAULT_RULES,
    resolver: Resolver | None = None,
    lag: LagWatch | None = None,
    background: Background | None = None,
) -> Outcome:
    """Opens one connection, asks ``SELECT 1``, looks for a pooler where there may be one, which is not timed, and closes it.

    Never raises for what a name server, a network or a database does. ``endpoint.connect_timeout`` is one
    deadline for everything; only the farewell, at most a second, may come after it. A batch passes its
    own ``resolver`` and ``lag``, and ``background`` for farewells that nobody should wait for.
    """
    async with visiting(
        "connection", endpoint, rules=rules, resolver=resolver, lag=lag, background=background
    ) as visit:
        deadline = visit.began + endpoint.connect_timeout
        ask = functools.partial(_ask, deadline=deadline, seconds=endpoint.connect_timeout)
        return visit.outcome(await visit.meet(ask, deadline))


async def _ask(session: Session, *, deadline: float, seconds: float) -> None:
    trace = session.trace
    try:
        async with asyncio.timeout_at(deadline):
            trace.phase = "query"
            asked_at = time.perf_counter()
            with _timed(session, asked_at):
                await session.connection.execute("SELECT 1")
    except TimeoutError as exc:
        raise timed_out("query", seconds) from exc
    # It works, whatever comes of this.
    with contextlib.suppress(*DRIVER_ERRORS):
        async with asyncio.timeout_at(deadline):
            trace.server = replace(trace.server, in_recovery=await _in_recovery(session.connection))
            if may_be_pooled(session):
                await note_pooler(session, trace)


@contextlib.contextmanager
def _timed(session: Session, asked_at: float) -> Iterator[None]:
    try:
        yield
    finally:
        answered = session.guard.ready_at or 0.0
        ended = answered if answered > asked_at else time.perf_counter()
        session.trace.record("query", ended - asked_at)
        session.trace.end()


async def _in_recovery(connection: Any) -> bool | None:
    reported = getattr(connection.get_settings(), "in_hot_standby", None)
    if reported is not None:
        return bool(reported == "on")
    # PostgreSQL 13 does not report it. The transaction keeps a pooler from answering in two servers' words.
    async with connection.transaction(readonly=True):
        return bool(await connection.fetchval("SELECT pg_catalog.pg_is_in_recovery()"))
