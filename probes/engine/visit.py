"""What probes have in common: names, a clock, connections to one endpoint, and an outcome in the end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from probes.engine.dial import Session, dial
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.lag import LagWatch
from probes.engine.outcome import Kind, Outcome, Summary
from probes.engine.resolve import Resolver
from probes.engine.trace import Trace

Background = set[asyncio.Task[None]]
"""Farewells that nobody waits for but the owner of the set; see `dial`."""

Talk = Callable[[Session], Awaitable[None]]


class Shared(TypedDict):
    """What the probes of a batch use together, under the names of their arguments."""

    rules: EgressRules
    resolver: Resolver
    lag: LagWatch
    background: Background | None


class Visit:
    """One probe of one endpoint, from now on. ``trace`` is that of its first connection; ``began`` is loop time."""

    def __init__(self, kind: Kind, endpoint: Endpoint, shared: Shared) -> None:
        self.endpoint = endpoint
        self.shared = shared
        self.trace = Trace()
        self.began = asyncio.get_running_loop().time()
        self._kind = kind
        self._started = datetime.now(UTC)
        self._began = time.monotonic()

    async def meet(self, talk: Talk, deadline: float, trace: Trace | None = None) -> ProbeError | None:
        """Connects and signs in by ``deadline`` (loop time), talks, and says goodbye: why that failed, or None."""
        try:
            async with dial(
                self.endpoint,
                deadline=deadline,
                rules=self.shared["rules"],
                resolver=self.shared["resolver"],
                trace=trace or self.trace,
                background=self.shared["background"],
            ) as session:
                await talk(session)
        except ProbeError as error:
            return error
        return None

    def strained(self) -> bool:
        """Whether this process was too busy to measure well, so far."""
        return self.shared["lag"].strained_since(self._began)

    def outcome(
        self,
        error: ProbeError | None,
        detail: Mapping[str, Any] | None = None,
        *,
        summary: Summary | None = None,
        strained: bool | None = None,
    ) -> Outcome:
        """``detail`` is added to what every kind tells: see `_common`."""
        return Outcome(
            kind=self._kind,
            started=self._started,
            finished=self._started + timedelta(seconds=time.monotonic() - self._began),
            failure=error.failure if error else None,
            timings=self.trace.timings(),
            summary=summary,
            server=self.trace.server,
            strained=self.strained() if strained is None else strained,
            detail={**(detail or {}), **self._common()},
        )

    def _common(self) -> dict[str, Any]:
        """``attempts`` when there was more than one address or way, and with TLS the ``certificate``."""
        trace, found = self.trace, dict[str, Any]()
        if len(trace.attempts) > 1:
            found["attempts"] = trace.attempts
        certificate = trace.certificate()
        if certificate is not None:
            pooler = self.endpoint.pooled or bool(trace.server.pooler)
            found["certificate"] = certificate.as_dict(pooler=pooler)
        return found


@contextlib.asynccontextmanager
async def visiting(
    kind: Kind,
    endpoint: Endpoint,
    *,
    rules: EgressRules,
    resolver: Resolver | None = None,
    lag: LagWatch | None = None,
    background: Background | None = None,
) -> AsyncIterator[Visit]:
    """A probe of a batch shares the batch's ``resolver``, ``lag`` and ``background``; one alone has its own."""
    async with contextlib.AsyncExitStack() as stack:
        names = resolver if resolver is not None else await stack.enter_async_context(Resolver())
        watch = lag if lag is not None else stack.enter_context(LagWatch())
        yield Visit(kind, endpoint, Shared(rules=rules, resolver=names, lag=watch, background=background))
