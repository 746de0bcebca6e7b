"""A load test: alone with its database, and stopped within a second with what it measured so far."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from probes.engine.errors import ProbeError
from probes.engine.load import LoadPlan, LoadProgress, run_load
from probes.engine.outcome import Failure, Outcome
from probes.jobs import SealedJob, Target
from probes.work import rules
from probes.work.holding import holding, not_begun
from probes.work.telling import Teller

logger = logging.getLogger(__name__)

StopReason = Literal["cancelled", "unattended", "switched_off"]
"""``detail["stopped"]``: somebody stopped the run, nobody could have, because the broker was out of reach, or a flag did."""


class LoadWork:
    def __init__(self, job: SealedJob, plan: LoadPlan, teller: Teller) -> None:
        self._job = job
        self._plan = plan
        self._teller = teller
        self._stop = asyncio.Event()
        self._reason: StopReason = "cancelled"
        self.measuring = False

    async def run(self, targets: Sequence[Target], found: Callable[[int, Outcome], None]) -> None:
        for target in targets:
            started = datetime.now(UTC)
            try:
                outcome = await self._test(target)
            except MemoryError:
                raise
            except Exception:
                # The outermost edge of a test that nobody runs once more.
                logger.exception("The load test of job %s failed inside this worker", self._job.id)
                outcome = _failed(started, ProbeError("internal_error", "worker").failure)
            found(target.key, outcome)

    def stop(self, reason: StopReason) -> bool:
        """Whether it now ends by itself with its partial result; False when it has measured nothing yet."""
        self._reason = reason
        self._stop.set()
        return self.measuring

    async def _test(self, target: Target) -> Outcome:
        lost = partial(self.stop, "unattended")
        async with holding(target.database, self._job.id, lost=lost) as ours:
            return await self._measure(target) if ours else not_begun()

    async def _measure(self, target: Target) -> Outcome:
        # More processes than processors would only be in each other's way.
        plan = replace(self._plan, processes=min(self._plan.processes, os.cpu_count() or 1))
        async for event in run_load(target.endpoint, plan, rules=rules.egress(), stop=self._stop):
            if isinstance(event, Outcome):
                return self._with_reason(event)
            self.measuring = True
            self._tell(event)
        raise AssertionError("unreachable: a load test ends with its outcome")

    def _with_reason(self, outcome: Outcome) -> Outcome:
        """The engine knows only that it was told to stop."""
        if outcome.detail.get("stopped") != "cancelled":
            return outcome
        return replace(outcome, detail={**outcome.detail, "stopped": self._reason})

    def _tell(self, event: LoadProgress) -> None:
        self._teller.tell(lambda: {"kind": "load", **asdict(event)})


def _failed(started: datetime, failure: Failure) -> Outcome:
    return Outcome(kind="load", started=started, finished=datetime.now(UTC), failure=failure)
