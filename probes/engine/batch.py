"""Many probes at once on one event loop; each result is there as soon as its probe ends."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from probes.engine.connection import probe_connection
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.health import probe_health
from probes.engine.lag import LagWatch
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.outcome import Kind, Outcome
from probes.engine.resolve import Resolver
from probes.engine.visit import Shared

Key = TypeVar("Key")


@dataclass(frozen=True)
class ConnectionPlan:
    """One new connection, with the endpoint's own deadline."""


@dataclass(frozen=True)
class HealthPlan:
    """All checks, with `HEALTH_SECONDS` for them."""


BatchPlan = ConnectionPlan | LatencyPlan | HealthPlan

AT_ONCE: Mapping[Kind, int] = {
    # Each needs a socket or two of a process's usual 1,024, and computes for about a millisecond.
    "connection": 250,
    # Round trips are timed in this loop, where an answer waits while another is dealt with, for some 0.06 ms. Four
    # neighbours add at most 0.2 ms to one, and only when all of them are next door; far ones are hardly ever met.
    "latency": 4,
    # Each computes for tens of milliseconds, which the others' phases would be charged with.
    "health": 20,
}
"""Probes under way at a time, by kind."""

SPACING_SECONDS = 0.004
"""Between the starts of two probes, until there are as many as may be under way: from then on each begins when another
ends. Begun all at once, each would wait for the others' turns in this process, and that wait would be measured as the
server's."""

Progress = Callable[[Key, int, int, float | str | None], None]
"""Told of one probe how much is done, of how much, and the latest: a round trip's milliseconds (None when it failed)
or the title of the check that comes next. A connection probe tells nothing."""

_DEFAULT_RULES = EgressRules()
_DEFAULT_PLAN = ConnectionPlan()

logger = logging.getLogger(__name__)


async def probe_many(
    probes: Iterable[tuple[Key, Endpoint]],
    plan: BatchPlan = _DEFAULT_PLAN,
    *,
    rules: EgressRules = _DEFAULT_RULES,
    nameservers: Sequence[str] | None = None,
    concurrency: int | None = None,
    progress: Progress[Key] | None = None,
) -> AsyncIterator[tuple[Key, Outcome]]:
    """Carries the plan out on every endpoint and yields (key, outcome) in the order in which the probes end.

    A slow, dead or hostile target takes one of the slots (`AT_ONCE` unless ``concurrency`` says otherwise) and delays
    nobody else. A bug of ours in one probe is logged and becomes an outcome with the code ``internal_error``. Close
    the iterator, or exhaust it, to leave nothing open. Raises `MemoryError` when this process has no more: then it
    can vouch for none of its probes.
    """
    ended: asyncio.Queue[tuple[Key, Outcome] | MemoryError] = asyncio.Queue()
    at_once = concurrency or AT_ONCE[kind_of(plan)]
    slots = asyncio.Semaphore(at_once)
    farewells: set[asyncio.Task[None]] = set()
    async with Resolver(nameservers) as resolver:
        with LagWatch() as lag:
            shared = Shared(rules=rules, resolver=resolver, lag=lag, background=farewells)

            async def run(turn: int, key: Key, endpoint: Endpoint) -> None:
                await asyncio.sleep(min(turn, at_once) * SPACING_SECONDS)
                told = functools.partial(progress, key) if progress else _silent
                async with slots:
                    try:
                        outcome = await _outcome(endpoint, plan, shared, told)
                    except MemoryError as error:
                        ended.put_nowait(error)
                        return
                ended.put_nowait((key, outcome))

            tasks = [
                asyncio.create_task(run(turn, key, endpoint)) for turn, (key, endpoint) in enumerate(probes)
            ]
            try:
                for _ in tasks:
                    found = await ended.get()
                    if isinstance(found, MemoryError):
                        raise found
                    yield found
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                # Only now is the set complete: a cancelled probe adds its farewell while it ends.
                await asyncio.gather(*farewells, return_exceptions=True)


def kind_of(plan: BatchPlan) -> Kind:
    match plan:
        case ConnectionPlan():
            return "connection"
        case LatencyPlan():
            return "latency"
        case HealthPlan():
            return "health"


async def _outcome(
    endpoint: Endpoint, plan: BatchPlan, shared: Shared, told: Callable[[int, int, float | str | None], None]
) -> Outcome:
    started = datetime.now(UTC)
    try:
        match plan:
            case ConnectionPlan():
                return await probe_connection(endpoint, **shared)
            case LatencyPlan():
                return await probe_latency(endpoint, plan, progress=told, **shared)
            case HealthPlan():
                return await probe_health(endpoint, progress=told, **shared)
    except MemoryError:
        raise
    except Exception as bug:
        logger.exception("a probe of %s failed inside this worker", endpoint.host)
        failure = ProbeError("internal_error", "worker", f"{type(bug).__name__}: {bug}").failure
        return Outcome(kind=kind_of(plan), started=started, finished=datetime.now(UTC), failure=failure)


def _silent(done: int, total: int, latest: float | str | None) -> None:
    pass
