"""The clients of one process: opened together, started together, stopped together."""

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Self

from probes.engine.dial import Session, dial
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import timed_out
from probes.engine.lag import LagWatch
from probes.engine.load.client import Client
from probes.engine.load.manners import unhurried
from probes.engine.load.pace import ClosedPace, OpenPace, Pace
from probes.engine.load.plan import LoadPlan
from probes.engine.load.tally import Slice, Tally
from probes.engine.load.workload import Ground, statements
from probes.engine.resolve import Resolver
from probes.engine.trace import Trace

OPENING_AT_ONCE = 20
"""Sign-ins under way at a time: more would only queue for the server's processors."""

CLOSING_SECONDS = 0.55
"""How long all connections together may take to end what is under way and say goodbye. What is still open then is cut."""


class Crew:
    """Use as an async context manager: on the way out every socket is closed, within a second."""

    def __init__(
        self, endpoint: Endpoint, plan: LoadPlan, rules: EgressRules, resolver: Resolver, ground: Ground
    ) -> None:
        self._endpoint = endpoint
        self._plan = plan
        self._rules = rules
        self._resolver = resolver
        self._tally = Tally()
        self._pace: Pace = ClosedPace() if plan.rate is None else OpenPace(plan.spacing)
        opening = asyncio.Semaphore(OPENING_AT_ONCE)
        self._clients = [
            Client(
                number,
                self._dial,
                opening,
                endpoint.connect_timeout,
                statements(plan, ground, pooled=endpoint.pooled),
                self._pace,
                self._tally,
            )
            for number in range(plan.most_clients)
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._lag = LagWatch()
        self._manners = contextlib.ExitStack()
        self._since = time.monotonic()

    async def __aenter__(self) -> Self:
        self._lag.__enter__()
        if self._plan.rate is None:
            # A closed loop wants throughput; with an open one each answer is to be read at once.
            self._manners.enter_context(unhurried())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lag.__exit__(None, None, None)
        self._manners.close()
        self._pace.close()
        for client in self._clients:
            client.leave()
        if self._tasks:
            _, hanging = await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
            for task in hanging:
                task.cancel()
            await asyncio.wait(self._tasks)
        if exc is None:
            for task in self._tasks:
                if not task.cancelled():
                    task.result()

    async def open(self) -> None:
        """Connects every client. `ProbeError` if any cannot."""
        seconds = self._endpoint.connect_timeout * (1 + len(self._clients) / OPENING_AT_ONCE / 4)
        loop = asyncio.get_running_loop()
        opened = [loop.create_future() for _ in self._clients]
        for client, future in zip(self._clients, opened, strict=True):
            self._tasks.append(asyncio.create_task(client.run(future)))
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*opened)
        except TimeoutError as exc:
            raise timed_out("auth", seconds) from exc

    async def level(self, level: float) -> Slice:
        """Goes on with this many clients, or at this rate. Returns what happened before."""
        self._go_on(level)
        return await self.take()

    async def take(self) -> Slice:
        """What happened since the last slice."""
        now = time.monotonic()
        taken = self._tally.take()
        taken.connected = sum(client.connected for client in self._clients)
        taken.waiting = len(self._waits())
        taken.strained = self._lag.strained_since(self._since)
        self._since = now
        return taken

    async def finish(self, patience: float, stop: asyncio.Event) -> Slice:
        """Begins nothing more. What is under way has ``patience`` seconds, and after that it has failed.

        ``stop`` ends the wait: then it is no failure, but known to take at least as long as it has taken by now.
        """
        self._go_on(0)
        until = time.monotonic() + patience
        while self._waits() and not stop.is_set() and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for waited in self._waits():
            if stop.is_set():
                self._tally.overdue(waited)
            else:
                self._tally.fail("query_timeout", f"no answer {waited:.1f} s after it was due")
        return await self.take()

    def _go_on(self, level: float) -> None:
        for age, count in self._pace.unstarted():
            self._tally.never_began(age, count)
        self._pace.level(level)

    def _waits(self) -> list[float]:
        """For how long each client that waits for an answer has done so."""
        return [waited for client in self._clients if (waited := client.waited()) is not None]

    def _dial(self) -> contextlib.AbstractAsyncContextManager[Session]:
        return dial(
            self._endpoint,
            deadline=asyncio.get_running_loop().time() + self._endpoint.connect_timeout,
            rules=self._rules,
            resolver=self._resolver,
            trace=Trace(),
        )
