"""One load test by several processes: each has its share of the clients, and all of them count together.

A process is a new interpreter that reads its orders as lines of JSON and answers in kind. The endpoint, with
its password, goes through that pipe and never through an argument; when the pipe closes, the process ends.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.load.plan import LoadPlan
from probes.engine.load.tally import Slice
from probes.engine.load.workload import Ground

STARTING_SECONDS = 10.0
CLOSING_SECONDS = 0.75
"""How long the processes may take to close their connections. What still runs then is killed."""

_LINE_BYTES = 16 << 20
_PROJECT = Path(__file__).parents[3]


def share(whole: int, number: int, count: int) -> int:
    """The part of ``whole`` that falls to the process ``number`` of ``count``; the parts add up to it."""
    return whole * (number + 1) // count - whole * number // count


class Processes:
    """Stands in for a `Crew`: the same calls, carried out by several processes."""

    def __init__(self, endpoint: Endpoint, plan: LoadPlan, rules: EgressRules, ground: Ground) -> None:
        self._endpoint = endpoint
        self._plan = plan
        self._rules = rules
        self._ground = ground
        self._parts: list[_Part] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(part.close() for part in self._parts))

    async def open(self) -> None:
        """Starts the processes and connects every client. `ProbeError` if any cannot."""
        for number in range(self._plan.processes):
            self._parts.append(await _Part.start(self._orders(number)))
        seconds = STARTING_SECONDS + self._endpoint.connect_timeout * (1 + self._plan.most_clients / 80)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(part.opened for part in self._parts))
        except TimeoutError as exc:
            raise ProbeError("internal_error", "worker", "a load process did not start in time") from exc

    def level(self, level: float) -> None:
        for number, part in enumerate(self._parts):
            count = len(self._parts)
            closed = self._plan.rate is None
            part.order("level", share(int(level), number, count) if closed else level / count)

    def take(self) -> Slice:
        return _together([part.taken() for part in self._parts])

    async def finish(self, *, cancelled: bool) -> Slice:
        for part in self._parts:
            part.order("finish", cancelled)
        await asyncio.gather(*(part.finished for part in self._parts))
        return self.take()

    def _orders(self, number: int) -> dict[str, Any]:
        count, closed = self._plan.processes, self._plan.rate is None
        clients = share(self._plan.most_clients, number, count)
        rate = None if closed else (self._plan.rate or 0) / count
        plan = replace(self._plan, processes=1, ramp=(), clients=clients, rate=rate)
        return {
            "endpoint": asdict(self._endpoint),
            "plan": asdict(plan),
            "denied": [str(network) for network in self._rules.denied],
            "ground": asdict(self._ground),
        }


class _Part:
    """One process of ours, as its parent sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()
        self._process = process
        self._slice = Slice()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, orders: dict[str, Any]) -> Self:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "probes.engine.load.part"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE_BYTES,
                cwd=_PROJECT,
            )
        except OSError as exc:
            raise ProbeError("client_exhausted", "worker", f"no process could be started: {exc}") from exc
        part = cls(process)
        part._say(orders)
        return part

    def order(self, name: str, value: float) -> None:
        self._say({name: value})

    def taken(self) -> Slice:
        """What the process has told since the last call. `ProbeError` when it ended before its time."""
        if self.finished.done():
            self.finished.result()
        taken, self._slice = self._slice, Slice(connected=self._slice.connected, waiting=self._slice.waiting)
        return taken

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        finally:
            await self._process.wait()
            await self._listening

    def _say(self, words: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(words).encode() + b"\n")

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._hear(json.loads(line))
        for future in (self.opened, self.finished):
            if not future.done():
                future.set_exception(ProbeError("internal_error", "worker", "a load process ended early"))
            # Nobody may be waiting any more.
            if not future.cancelled():
                future.exception()

    def _hear(self, told: dict[str, Any]) -> None:
        if "slice" in told:
            self._slice = _after(self._slice, Slice.from_dict(told["slice"]))
        elif "error" in told:
            if not self.opened.done():
                self.opened.set_exception(ProbeError(**told["error"]))
        elif "opened" in told:
            _settle(self.opened)
        elif "finished" in told:
            _settle(self.finished)


def _settle(future: asyncio.Future[None]) -> None:
    # Whoever waited for it may have been cancelled, and the future with them.
    if not future.done():
        future.set_result(None)


def _after(first: Slice, second: Slice) -> Slice:
    """Two slices of one process, one after the other."""
    joined = Slice()
    joined.add(first)
    joined.add(second)
    joined.connected, joined.waiting = second.connected, second.waiting
    joined.seconds = first.seconds + second.seconds
    joined.cpu_seconds = first.cpu_seconds + second.cpu_seconds
    return joined


def _together(slices: Sequence[Slice]) -> Slice:
    """Slices of the same time from several processes."""
    joined = Slice()
    for part in slices:
        joined.add(part)
    return joined
