"""Carries out one job: probes, hands over, tells how far it is and keeps its lease, all at once on one loop."""

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime

import redis

from probes import claims
from probes.engine.load import LoadPlan
from probes.engine.outcome import Outcome
from probes.jobs import SealedJob
from probes.plans import Plan
from probes.work import gate
from probes.work.batch import BatchWork, Found
from probes.work.handing import Handing
from probes.work.load import LoadWork, StopReason
from probes.work.telling import Teller

logger = logging.getLogger(__name__)

STOP_SECONDS = 3.0
"""How long what ends by itself may take to, before it is cut off."""


async def carry_out(job: SealedJob, plan: Plan) -> None:
    """Ends when everything that was found is handed over; what was found before a cancellation is, too."""
    waited = (datetime.now(UTC) - job.published_at).total_seconds() * 1000
    handing, teller = Handing(job), Teller(job)

    def found(key: int, outcome: Outcome) -> None:
        handing.add(key, replace(outcome, queue_ms=max(waited, 0.0)))

    work = work_of(job, plan, teller)
    probing = asyncio.create_task(probe_open(job, work, found))
    reporting = [asyncio.create_task(handing.run()), asyncio.create_task(teller.run())]
    stopping = asyncio.create_task(_stop_in_time(job, work, probing))
    await asyncio.wait([probing])
    handing.close()
    teller.close()
    await asyncio.gather(*reporting)
    stopping.cancel()
    await asyncio.wait([stopping])
    if not probing.cancelled():
        probing.result()


def work_of(job: SealedJob, plan: Plan, teller: Teller) -> BatchWork | LoadWork:
    return LoadWork(job, plan, teller) if isinstance(plan, LoadPlan) else BatchWork(job, plan, teller)


async def probe_open(job: SealedJob, work: BatchWork | LoadWork, found: Found) -> None:
    """Probes what no switch has closed meanwhile; of the rest it finds just that."""
    # Off the loop, which keeps the lease meanwhile: the flags' source may have to give its first word.
    shut = await asyncio.to_thread(gate.shut, job)
    for key, outcome in shut.items():
        found(key, outcome)
    await work.run([target for target in job.targets if target.key not in shut], found)


async def _stop_in_time(job: SealedJob, work: BatchWork | LoadWork, probing: asyncio.Task[None]) -> None:
    if work.stop(await _keep_lease(job, work)):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.wait([probing])
    probing.cancel()


async def _keep_lease(job: SealedJob, work: BatchWork | LoadWork) -> StopReason:
    """Shows the reaper that this worker lives, until its job must stop."""
    terms, heard = claims.terms_of(job.kind), time.monotonic()
    while time.monotonic() - heard < terms.alone:
        await asyncio.sleep(terms.beat)
        try:
            if not await asyncio.to_thread(claims.renew, job.id, job.run_id, terms):
                return "cancelled"
            heard = time.monotonic()
        except redis.RedisError as error:
            logger.warning("The lease of job %s was not renewed: %s", job.id, error)
        if work.measuring and any(gate.closed(job, target) for target in job.targets):
            return "switched_off"
    return "unattended"
