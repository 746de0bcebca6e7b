"""What a worker pool does: open the job, run the engine, hand over. It makes no decision and needs no database."""

import asyncio
import logging
from contextvars import copy_context
from functools import cache

import structlog
import uvloop
from celery import shared_task
from django.conf import settings

from probes import claims, queues, recorder
from probes.engine.batch import ConnectionPlan
from probes.engine.outcome import Outcome
from probes.engine.plan import PlanError
from probes.jobs import SealedJob, Unopened
from probes.plans import plan_of
from probes.work import memory
from probes.work.batch import BatchWork
from probes.work.carrying_out import carry_out, probe_open
from probes.work.handing import hand_over_trial
from probes.work.telling import Teller

logger = logging.getLogger(__name__)


@shared_task(name="probes.run")
def run_probes(job_id: str, token: str) -> None:
    """Runs one sealed job. A second delivery of the same job finds its claim taken and does nothing."""
    try:
        job = SealedJob.unseal(token)
        plan = plan_of(job.kind, job.params)
    except (Unopened, PlanError) as error:
        logger.error("Job %s cannot be opened here: %s", job_id, error)
        queues.hand_over(recorder.refuse.apply_async, args=[job_id, str(error)], queue=queues.RECORD)
        return
    structlog.contextvars.bind_contextvars(run=str(job.run_id))
    terms = claims.terms_of(job.kind)
    if not claims.take(job.id, terms):
        logger.info("Job %s was delivered twice; this delivery does nothing", job_id)
        return
    try:
        # A runner would otherwise keep the log context of its first job.
        _runner().run(carry_out(job, plan), context=copy_context())
    except MemoryError:
        memory.give_up(f"there was not enough memory for job {job_id}")
    claims.release(job.id, terms)


@shared_task(name="probes.try")
def try_endpoint(trial: str, token: str) -> None:
    """Runs the one connection probe of fields that nobody has saved yet."""
    try:
        job = SealedJob.unseal(token)
    except Unopened as error:
        logger.error("Trial %s cannot be opened here: %s", trial, error)
        hand_over_trial(trial, recorder.unreadable("connection", settings.VANTAGE, error))
        return

    def found(_: int, outcome: Outcome) -> None:
        hand_over_trial(trial, outcome)

    _runner().run(
        probe_open(job, BatchWork(job, ConnectionPlan(), Teller(job)), found), context=copy_context()
    )


@cache
def _runner() -> asyncio.Runner:
    """One event loop a worker process, kept from job to job."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
