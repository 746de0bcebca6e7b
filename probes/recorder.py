"""Outcomes become history: each is counted once, moves its run along, and reaches every open page.

Locks are taken in one order everywhere: the run's row, then those of the connections by number.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import redis
from celery import Task, shared_task
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from connections.models import Connection
from probes import broker, claims, fragments, history, queues
from probes.engine.outcome import Failure, Kind, Outcome
from probes.models import Job, Run

logger = logging.getLogger(__name__)

TRIAL_SECONDS = 300
PAUSE_SECONDS = 1.0
MOST_PAUSES = 1800
"""For half an hour what was found waits for the database; after that the reaper looks after its job."""


@shared_task(name="probes.record", bind=True)
def record(self: Task, run_id: str, vantage: str, outcomes: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Takes what a worker found: pairs of connection id and `Outcome.as_dict`."""
    try:
        absorb(UUID(run_id), vantage, {key: Outcome.from_dict(data) for key, data in outcomes})
    except (OperationalError, InterfaceError) as error:
        _put_back(self, error)


def _put_back(message: Task, error: Exception) -> None:
    """Nobody else has what the message holds, so it waits where the reaper sees it, and outlives this process."""
    logger.warning("Outcomes wait for the database: %s", error)
    queues.hand_over(message.retry, exc=error, countdown=0, max_retries=MOST_PAUSES, throw=False)
    claims.note_database_away()
    time.sleep(PAUSE_SECONDS)


@shared_task(name="probes.refuse")
def refuse(job_id: str, reason: str) -> None:
    """Takes the word of a worker that could not open a job: none of its probes can be run there."""
    job = Job.objects.select_related("run").filter(pk=job_id, settled_at=None).first()
    if job is None:
        return
    remaining = history.missing(job.run, job.vantage, job.connection_ids)
    fault = unreadable(job.run.kind_of_probe, job.vantage, reason)
    absorb(job.run_id, job.vantage, dict.fromkeys(remaining, fault))


@shared_task(name="probes.record_trial")
def record_trial(token: str, outcome: Mapping[str, Any]) -> None:
    """Keeps what a test before saving found for as long as its form may ask; it is not history."""
    broker.client().set(_trial(token), json.dumps(outcome), ex=TRIAL_SECONDS)


def trial_of(token: UUID) -> Outcome | None:
    """What the trial found; None while nothing is known, or no longer."""
    kept = broker.client().get(_trial(token))
    return Outcome.from_dict(json.loads(kept)) if kept else None


def _trial(token: str | UUID) -> str:
    return f"meridian:trial:{token}"


@transaction.atomic
def absorb(run_id: UUID, vantage: str, outcomes: Mapping[int, Outcome]) -> None:
    """Adds the outcomes that are new. Those of connections deleted meanwhile are dropped, though the connection may be
    back by now: `withdraw` counted them out.
    """
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        logger.warning("Outcomes of run %s were dropped, because the run was deleted", run_id)
        return
    held = Connection.objects.select_for_update(no_key=True).only("simulated_rtt_ms")
    asked = run.jobs.filter(vantage=vantage).values_list("connection_ids", flat=True)
    connections = held.order_by("pk").in_bulk(outcomes.keys() & {pk for ids in asked for pk in ids})
    fresh = history.record(
        run,
        [
            history.result_from(run, pk, vantage, outcomes[pk], connection.simulated)
            for pk, connection in connections.items()
        ],
    )
    if not fresh:
        return
    _count(run, done=len(fresh), failed=sum(not result.ok for result in fresh))
    transaction.on_commit(partial(fragments.announce_results, run, fresh))


def withdraw(connection_id: int) -> None:
    """Takes a connection out of the runs that wait for it, so that they come to their end without it.

    Called in the transaction that deletes the connection, before it does.
    """
    waiting = Job.objects.filter(settled_at=None, connection_ids__contains=[connection_id])
    for run in Run.objects.select_for_update().filter(pk__in=waiting.values("run")).order_by("pk"):
        for job in waiting.filter(run=run):
            run.total -= len(history.missing(run, job.vantage, [connection_id]))
            job.connection_ids.remove(connection_id)
            job.save(update_fields=["connection_ids"])
            if not job.connection_ids:
                transaction.on_commit(partial(_stop, job))
        run.save(update_fields=["total"])
        _count(run, done=0, failed=0)
        transaction.on_commit(partial(fragments.announce_run, run))


def _stop(job: Job) -> None:
    """A job that nobody waits for never starts, and stops if it has: nobody could stop its load test any more."""
    try:
        claims.cancel(job.pk)
        claims.take(job.pk)
    except redis.RedisError as error:
        logger.warning("Job %s may still do what nobody waits for, as the broker is away: %s", job.pk, error)


def _count(run: Run, *, done: int, failed: int) -> None:
    run.count(done=done, failed=failed)
    if not run.is_open:
        run.jobs.settle()


def our_fault(kind: Kind, code: str, hint: str) -> Outcome:
    """The outcome of a probe that our own side could not run: it says nothing about the database."""
    now = timezone.now()
    failure = Failure(code=code, phase="worker", hint=hint)
    return Outcome(kind=kind, started=now, finished=now, failure=failure)


def unreadable(kind: Kind, vantage: str, reason: object) -> Outcome:
    """The outcome of a job that its worker could not open."""
    hint = f"The worker pool of {vantage} could not open the job. {reason}"
    return our_fault(kind, "job_unreadable", hint)
