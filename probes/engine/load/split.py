"""One load test by several processes: each has its share of the clients, and all of them count together.

A process is a new interpreter that reads its orders as lines of JSON and answers each with a slice. The endpoint, with
its password, goes through that pipe and never through an argument; when the pipe closes, the process ends.
"""

import asyncio
import contextlib
import json
import math
import os
import sys
import time
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

ANSWER_SECONDS = 5.0
"""How long a process may take to answer an order. What takes longer hangs, and nobody waits for it."""

CLOSING_SECONDS = 0.75
"""How long the processes may take to close their connections. What still runs then is killed."""

ENOUGH_FOR_ONE = 20_000
"""Statements a second that one process asks without being the limit itself, with much to spare."""

MOST_UNASKED = 4
"""More processes than that are only started for somebody who wants them."""

_LINE_BYTES = 16 << 20
_PROJECT = Path(__file__).parents[3]


def share(whole: int, number: int, count: int) -> int:
    """The part of ``whole`` that falls to the process ``number`` of ``count``; the parts add up to it."""
    return whole * (number + 1) // count - whole * number // count


def needed(plan: LoadPlan, answer_seconds: float) -> int:
    """How many processes of ours the test takes when an answer takes so long; what the plan says comes first."""
    if plan.processes:
        return plan.processes
    rate = plan.most_clients / answer_seconds if plan.rate is None else max(plan.levels)
    useful = min(MOST_UNASKED, os.cpu_count() or 1, plan.most_clients)
    return min(useful, math.ceil(rate / ENOUGH_FOR_ONE))


class Processes:
    """Stands in for a `Crew`: the same calls, carried out by several processes."""

    def __init__(self, endpoint: Endpoint, plan: LoadPlan, rules: EgressRules, ground: Ground) -> None:
        self._endpoint = endpoint
        self._plan = plan
        self._rules = rules
        self._ground = ground
        self._parts: list[_Part] = []
        self._since = time.perf_counter()

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
                await asyncio.gather(*(part.answer for part in self._parts))
        except TimeoutError as exc:
            raise ProbeError("internal_error", "worker", "a load process did not start in time") from exc

    async def level(self, level: float) -> Slice:
        count = len(self._parts)
        if self._plan.rate is None:
            return await self._ask("level", [share(int(level), number, count) for number in range(count)])
        return await self._ask("level", [level / count] * count)

    async def take(self) -> Slice:
        return await self._ask("take", [0] * len(self._parts))

    async def finish(self, patience: float, stop: asyncio.Event) -> Slice:
        passing_on = asyncio.create_task(self._pass_on(stop))
        try:
            return await self._ask("finish", [patience] * len(self._parts), patience)
        finally:
            passing_on.cancel()

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        for part in self._parts:
            part.say({"stop": True})

    async def _ask(self, name: str, values: Sequence[float], patience: float = 0.0) -> Slice:
        """The slices of all processes together. `ProbeError` when one has ended or hangs."""
        asked = [part.ask(name, value) for part, value in zip(self._parts, values, strict=True)]
        try:
            async with asyncio.timeout(patience + ANSWER_SECONDS):
                told = await asyncio.gather(*asked)
        except TimeoutError as exc:
            raise ProbeError("internal_error", "worker", "a load process does not answer any more") from exc
        together = Slice()
        for part in told:
            together.add(part)
        now = time.perf_counter()
        together.seconds, self._since = now - self._since, now
        return together

    def _orders(self, number: int) -> dict[str, Any]:
        # Of the rate the plan of a part tells only that there is one: its share comes with each level.
        clients = share(self._plan.most_clients, number, self._plan.processes)
        plan = replace(self._plan, processes=1, ramp=(), clients=clients)
        return {
            "endpoint": asdict(self._endpoint),
            "plan": asdict(plan),
            "denied": [str(network) for network in self._rules.denied],
            "ground": asdict(self._ground),
        }


class _Part:
    """One process of ours, as its parent sees it. ``answer`` is that to the last order, at first to opening."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.answer: asyncio.Future[Slice] = asyncio.get_running_loop().create_future()
        self._process = process
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
        part.say(orders)
        return part

    def ask(self, name: str, value: float) -> asyncio.Future[Slice]:
        """Gives an order. Its answer is a `ProbeError` when the process ended before its time."""
        self.answer = asyncio.get_running_loop().create_future()
        if self._listening.done():
            self._end_early()
        else:
            self.say({name: value})
        return self.answer

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

    def say(self, words: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(words).encode() + b"\n")

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._hear(json.loads(line))
        self._end_early()

    def _hear(self, told: dict[str, Any]) -> None:
        # Whoever waited for it may have been cancelled, and the answer with them.
        if self.answer.done():
            return
        if "error" in told:
            self.answer.set_exception(ProbeError(**told["error"]))
        else:
            self.answer.set_result(Slice.from_dict(told["slice"]))

    def _end_early(self) -> None:
        if not self.answer.done():
            self.answer.set_exception(ProbeError("internal_error", "worker", "a load process ended early"))
            # Nobody may be waiting any more.
            self.answer.exception()
