"""Asks a server one question after another, all in one read-only transaction that leaves no trace.

A question takes one round trip: it goes as ``COPY (…) TO STDOUT``, which needs neither a prepared statement
(a pooler may lose it) nor the driver's look at data types (a server may lie about them), and whose answer is JSON.
"""

import asyncio
import contextlib
from collections.abc import Awaitable

import asyncpg

from probes.engine.dial import Session
from probes.engine.errors import ProbeError, timed_out
from probes.engine.health.answers import Row, read_rows
from probes.engine.health.queries import as_json, opening

MAX_ANSWER = 256 * 1024
"""Bytes kept of one answer; more cannot be an answer to what was asked."""


class Conversation:
    """``broken`` is why nothing more can be asked on this connection, once that is so."""

    def __init__(self, session: Session, *, deadline: float, seconds: float) -> None:
        self.broken: ProbeError | None = None
        self._session = session
        self._deadline = deadline
        self._seconds = seconds
        self._open = False
        self._failed = False

    async def begin(self) -> None:
        """Raises `ProbeError` when the server refuses the transaction."""
        # After an error the transaction is dead: another takes its place in the same round trip.
        leave = "ROLLBACK; " if self._failed else ""
        await self._exchange(self._session.connection.execute(leave + opening(self._seconds)))
        self._open = True

    async def ask(self, sql: str) -> list[Row]:
        """The answer's rows. `ProbeError` when there is none: further questions can be asked unless ``broken``."""
        if self.broken is not None:
            raise self.broken
        if not self._open:
            await self.begin()
        answer = bytearray()

        async def collect(data: bytes) -> None:
            if len(answer) <= MAX_ANSWER:
                answer.extend(data)

        await self._exchange(self._session.connection.copy_from_query(as_json(sql), output=collect))
        if len(answer) > MAX_ANSWER:
            raise ProbeError("protocol_violation", "query", f"an answer of more than {MAX_ANSWER} bytes")
        return read_rows(bytes(answer))

    async def end(self) -> None:
        """Ends the transaction: a pooler throws away the server connection of a client that leaves within one."""
        if self.broken is None:
            with contextlib.suppress(ProbeError):
                await self._exchange(self._session.connection.execute("ROLLBACK"))

    async def _exchange(self, request: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout_at(self._deadline):
                await request
        except TimeoutError as exc:
            self.broken = timed_out("query", self._seconds)
            raise self.broken from exc
        except Exception as exc:
            # The driver may trip over anything in what a hostile server sends.
            self._open, self._failed = False, True
            error = self._session.guard.explain(exc, "query")
            if self._session.connection.is_closed() or not isinstance(exc, asyncpg.PostgresError):
                self.broken = error
            raise error from exc
