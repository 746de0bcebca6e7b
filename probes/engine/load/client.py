"""One client of a load test: a connection that asks, counts, and is opened again when it is lost."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from probes.engine.cancel import cancel
from probes.engine.causes import server_said
from probes.engine.dial import Session
from probes.engine.errors import ProbeError, timed_out
from probes.engine.load.pace import Pace
from probes.engine.load.tally import Tally
from probes.engine.load.workload import Statements
from probes.engine.wire import Fields, Wire, query

BACKOFF_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.0)

ANSWER_SECONDS = 0.05
"""How long a client that leaves waits for an answer before it asks the server to cancel."""

AGAIN_SECONDS = 0.2

ROLLBACK = query("ROLLBACK")

Dial = Callable[[], contextlib.AbstractAsyncContextManager[Session]]


class Client:
    """Asks when its pace says so. All of it runs in the callbacks of its connection: no task, no future."""

    def __init__(
        self,
        number: int,
        dial: Dial,
        opening: asyncio.Semaphore,
        patience: float,
        statements: Statements,
        pace: Pace,
        tally: Tally,
    ) -> None:
        self.number = number
        self.connected = False
        self._dial = dial
        self._opening = opening
        self._patience = patience
        self._statements = statements
        self._next_request = statements.next_request
        self._pace = pace
        self._record = tally.record
        self._tally = tally
        self._wire: Wire | None = None
        self._intended = 0.0
        self._recovering = False
        self._left = False
        self._ended = asyncio.Event()

    async def run(self, opened: "asyncio.Future[None]") -> None:
        """Keeps the connection open until `leave`. ``opened`` gets the result of the first attempt."""
        attempt = 0
        while not self._left:
            try:
                async with self._working():
                    attempt = 0
                    if not opened.done():
                        opened.set_result(None)
                    await self._ended.wait()
            except ProbeError as error:
                if not opened.done():
                    opened.set_exception(error)
                    return
                self._fail(error)
            if not self._left:
                await asyncio.sleep(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)])
            attempt += 1

    def leave(self) -> None:
        """Closes the connection and opens it no more."""
        self._left = True
        self._ended.set()

    def begin(self, intended: float) -> None:
        self._intended = intended
        assert self._wire is not None
        self._wire.send(self._next_request())

    def waited(self) -> float | None:
        """Seconds that the statement under way has taken so far, if there is one."""
        if self._wire is None or not self._wire.in_flight or self._recovering:
            return None
        return time.perf_counter() - self._intended

    @contextlib.asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            async with self._opening:
                session = await stack.enter_async_context(self._dial())
                wire = Wire(session)
                stack.callback(self._rest, wire)
                await self._set_up(wire)
            if not self._left:
                self._ended.clear()
            self._wire, self.connected = wire, True
            wire.on_answer, wire.on_lost = self._answered, self._lost
            self._pace.free(self)
            yield
            await self._end_on_server(session, wire)

    async def _end_on_server(self, session: Session, wire: Wire) -> None:
        """What is under way ends on the server too, and its transaction, before the connection goes.

        A request to cancel that comes between two statements is in vain, so it is repeated. Whoever waits for the
        client sets the limit.
        """
        quiet = asyncio.Event()

        def settle(error: Fields | None) -> None:
            if wire.reader.status == "I":
                quiet.set()
            else:
                wire.send(ROLLBACK)

        wire.on_answer, wire.on_lost = settle, lambda reason: quiet.set()
        patience = ANSWER_SECONDS
        while wire.in_flight:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await quiet.wait()
            if wire.in_flight:
                async with self._opening:
                    await cancel(session)
                patience = AGAIN_SECONDS

    async def _set_up(self, wire: Wire) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._statements.set_up(wire)
        except TimeoutError as exc:
            raise timed_out("query", self._patience) from exc

    def _rest(self, wire: Wire) -> None:
        self.connected, self._wire = False, None
        self._pace.gone(self)
        wire.on_answer = wire.on_lost = _ignored
        wire.give_back()

    def _answered(self, error: Fields | None) -> None:
        if error is not None or self._recovering:
            self._failed(error)
            return
        self._record(time.perf_counter() - self._intended)
        self._pace.free(self)

    def _failed(self, error: Fields | None) -> None:
        assert self._wire is not None
        if error is not None:
            self._fail(server_said(error, "query"))
        self._recovering = self._wire.reader.status != "I"
        if self._recovering:
            self._wire.send(ROLLBACK)
        else:
            self._pace.free(self)

    def _lost(self, reason: ProbeError) -> None:
        # Before anything else: what begins on a lost connection would never be counted.
        self._pace.gone(self)
        self.connected = self._recovering = False
        self._fail(reason)
        self._ended.set()

    def _fail(self, error: ProbeError) -> None:
        self._tally.fail(error.code, error.failure.message)


def _ignored(_: object) -> None:
    pass
