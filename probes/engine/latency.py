"""The latency probe: how far away is the server, once a connection is open?"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from probes.engine.connection import probe_connection
from probes.engine.dial import Session
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError, timed_out
from probes.engine.lag import LagWatch
from probes.engine.outcome import Outcome
from probes.engine.plan import require_number, require_whole
from probes.engine.pooler import note_pooler
from probes.engine.resolve import Resolver
from probes.engine.server_share import server_share
from probes.engine.summary import summarise
from probes.engine.trace import Trace
from probes.engine.visit import Background, Visit, visiting
from probes.engine.wire import Wire, query, taken_over

TRIP_SECONDS = 0.5
"""What the deadline grants each round trip on top of the interval; a single one may take longer."""

_DEFAULT_RULES = EgressRules()
_SELECT = query("SELECT 1")

Progress = Callable[[int, int, float | None], None]
"""Called after each round trip with how many are done, how many there are, and its milliseconds or None."""


@dataclass(frozen=True, kw_only=True)
class LatencyPlan:
    """``samples`` round trips on one connection, ``interval_ms`` apart, after ``warm_up`` that do not count.

    ``cold_connects`` new connections follow. Raises `PlanError`, a ValueError, that names the wrong field.
    """

    samples: int = 100
    interval_ms: float = 0.0
    warm_up: int = 5
    cold_connects: int = 0

    def __post_init__(self) -> None:
        require_whole("samples", self.samples, 1, 1000)
        require_number("interval_ms", self.interval_ms, 0, 10_000)
        require_whole("warm_up", self.warm_up, 0, 100)
        require_whole("cold_connects", self.cold_connects, 0, 100)

    def seconds(self, connect_timeout: float) -> float:
        """How long the round trips may take in all, a second connection after a loss included."""
        trips = self.samples + self.warm_up
        return 2 * connect_timeout + trips * (self.interval_ms / 1000 + TRIP_SECONDS)


@dataclass
class _Found:
    """What was measured so far; ``samples`` are milliseconds, None for a failed round trip."""

    samples: list[float | None] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    reconnects: int = 0
    seconds: float = 0.0
    last_error: ProbeError | None = None
    server_ms: float | None = None

    def good(self) -> list[float]:
        return [sample for sample in self.samples if sample is not None]

    def failed(self, error: ProbeError) -> None:
        self.samples.append(None)
        self.failures[error.code] = self.failures.get(error.code, 0) + 1
        self.last_error = error


async def probe_latency(
    endpoint: Endpoint,
    plan: LatencyPlan,
    *,
    rules: EgressRules = _DEFAULT_RULES,
    resolver: Resolver | None = None,
    lag: LagWatch | None = None,
    background: Background | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Measures round trips of ``SELECT 1`` between the sending and the last byte of the answer.

    Never raises for what a network or a database does. A failed round trip is counted; a lost connection is
    opened once more. If it is lost again, or the deadline (`LatencyPlan.seconds`) comes, the probe fails and
    keeps what it has. ``timings`` are those of opening the connection. ``detail`` holds ``samples`` (ms, in
    order, null for a failed one), ``planned``, ``jitter_ms``, ``failures`` by code, ``reconnects``,
    ``server_ms`` (see `server_share`), ``cold`` (phases of each cold connect) and ``cold_summary``.
    """
    async with visiting(
        "latency", endpoint, rules=rules, resolver=resolver, lag=lag, background=background
    ) as visit:
        found = _Found()
        error = await _Measuring(visit, plan, progress or _silent, found).run()
        strained = visit.strained()
        cold = [] if error else await _cold_connects(visit, plan)
        return visit.outcome(
            error,
            _detail(plan, found, cold),
            summary=summarise(found.good(), sum(found.failures.values()), found.seconds or None),
            strained=strained or visit.strained(),
        )


class _Measuring:
    def __init__(self, visit: Visit, plan: LatencyPlan, progress: Progress, found: _Found) -> None:
        self._visit = visit
        self._patience = visit.endpoint.connect_timeout
        self._plan = plan
        self._progress = progress
        self._found = found
        self._loop = asyncio.get_running_loop()
        self._seconds = plan.seconds(self._patience)
        self._deadline = visit.began + self._seconds

    async def run(self) -> ProbeError | None:
        """Why the plan could not be carried out, or None."""
        error = await self._meet(self._visit.trace)
        if error is not None and self._visit.trace.server.version and not self._done():
            self._found.reconnects += 1
            error = await self._meet(Trace())
        if len(self._found.samples) < self._plan.samples:
            return error
        return None if self._found.good() else self._found.last_error

    def _done(self) -> bool:
        return len(self._found.samples) >= self._plan.samples or self._loop.time() >= self._deadline

    async def _meet(self, trace: Trace) -> ProbeError | None:
        connect_by = min(self._deadline, self._loop.time() + self._patience)
        return await self._visit.meet(self._talk, connect_by, trace)

    async def _talk(self, session: Session) -> None:
        session.trace.phase = "query"
        session.trace.end()
        with taken_over(session) as wire:
            await self._trips(wire)
        pooler = await note_pooler(session, self._visit.trace)
        if not (pooler or self._visit.endpoint.pooled):
            # A pooler may answer a Sync by itself, which would be taken for the network.
            with taken_over(session) as wire:
                self._found.server_ms = await server_share(wire, _SELECT, pairs=self._plan.samples)

    async def _trips(self, wire: Wire) -> None:
        """Round trips until all are done. Raises `ProbeError` once the connection is of no more use."""
        await self._warm_up(wire)
        began, due = time.perf_counter(), self._loop.time()
        try:
            while not self._done():
                await asyncio.sleep(due - self._loop.time())
                due = max(due + self._plan.interval_ms / 1000, self._loop.time())
                await self._sample(wire)
            if len(self._found.samples) < self._plan.samples:
                raise timed_out("query", self._seconds)
        finally:
            self._found.seconds += time.perf_counter() - began

    async def _warm_up(self, wire: Wire) -> None:
        for _ in range(self._plan.warm_up):
            await self._ask(wire)

    async def _sample(self, wire: Wire) -> None:
        milliseconds: float | None = None
        try:
            milliseconds = round(await self._ask(wire) * 1000, 4)
            self._found.samples.append(milliseconds)
        except ProbeError as error:
            self._found.failed(error)
            if wire.lost is not None or wire.in_flight:
                raise
        finally:
            self._progress(len(self._found.samples), self._plan.samples, milliseconds)

    async def _ask(self, wire: Wire) -> float:
        try:
            async with asyncio.timeout_at(min(self._deadline, self._loop.time() + self._patience)):
                return await wire.ask(_SELECT)
        except TimeoutError as exc:
            raise timed_out("query", self._patience) from exc


async def _cold_connects(visit: Visit, plan: LatencyPlan) -> list[Outcome]:
    """One after the other; each has the endpoint's own deadline, and three that fail in a row are enough."""
    found: list[Outcome] = []
    for _ in range(plan.cold_connects):
        if len(found) >= 3 and not any(outcome.ok for outcome in found[-3:]):
            break
        found.append(await probe_connection(visit.endpoint, **visit.shared))
    return found


def jitter(samples: Sequence[float]) -> float | None:
    """Mean absolute difference of neighbouring samples: RFC 3550's D(i-1, i), averaged without its smoothing."""
    if len(samples) < 2:
        return None
    return statistics.fmean(abs(b - a) for a, b in itertools.pairwise(samples))


def _detail(plan: LatencyPlan, found: _Found, cold: list[Outcome]) -> dict[str, Any]:
    change = jitter(found.good())
    detail: dict[str, Any] = {
        "samples": found.samples,
        "planned": plan.samples,
        "interval_ms": plan.interval_ms,
        "jitter_ms": None if change is None else round(change, 4),
        "failures": found.failures,
        "reconnects": found.reconnects,
        "server_ms": found.server_ms,
    }
    if cold:
        totals = [
            outcome.timings.total for outcome in cold if outcome.ok and outcome.timings.total is not None
        ]
        detail["cold"] = [_cold(outcome) for outcome in cold]
        detail["cold_summary"] = vars(summarise(totals, len(cold) - len(totals)))
    return detail


def _cold(outcome: Outcome) -> dict[str, Any]:
    return {**vars(outcome.timings), "failed": outcome.failure.code if outcome.failure else ""}


def _silent(done: int, total: int, milliseconds: float | None) -> None:
    pass
