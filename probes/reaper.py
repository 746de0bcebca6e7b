"""Looks after accepted runs: publishes what still waits in the outbox and replaces jobs that went silent.

A job is silent when it has no result and one of these holds; in each case nobody else can still start it:
- its claim was taken, but its lease ran out: the worker died, or its outcomes were lost with the broker. Only a load
  test is not repeated then;
- nobody claimed it and its queue is empty: the message was lost. The reaper takes the claim itself, so that a copy
  which turns up later does nothing.
"""

import logging
from datetime import timedelta
from uuid import UUID

import redis
from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from probes import broker, claims, history, live, outbox, plans, queues, recorder, vantages
from probes.models import MOST_ATTEMPTS, Job, Kind, Run

logger = logging.getLogger(__name__)

AT_ONCE = 500
LOST_AFTER = timedelta(minutes=10)
STOPPED_LATELY = timedelta(minutes=10)
OLDEST_STOPPED = timedelta(days=1)
LOST_AFTER_PROBES = 10
"""When a message counts as lost even though its queue never ran empty: after so long, and after the time that so many
probes like its own may take. Until then others may well be ahead of it."""
LOST = (
    "Three workers in a row were lost while they ran this probe, so nothing is known about the database. "
    "Look at the workers' log; if only this connection does it, its server may be sending what breaks a client."
)
LOST_LOAD = (
    "The worker was lost while it ran this load test, or what it found before that was recorded, so nothing is known about "
    "the database. The test was not repeated: nobody is put under load twice without being asked. Look at the logs of the "
    "load worker and the recorder, then ask for it again."
)


@shared_task(name="probes.reap")
def reap() -> None:
    vantages.note_reaper()
    _tell_open_pages()
    _repeat_cancellations()
    outbox.publish(list(Job.objects.unpublished().select_related("run__requested_by")[:AT_ONCE]))
    for pk in list(Job.objects.due().values_list("pk", flat=True)[:AT_ONCE]):
        try:
            examine(pk)
        except redis.RedisError as error:
            logger.warning("Silent jobs were not looked at, because the broker is away: %s", error)
            return
        except Exception:
            # The outermost edge of one job's care: the others must not wait for a bug with this one.
            logger.exception("Job %s could not be looked at; it is tried again in a minute", pk)
            Job.objects.filter(pk=pk).postpone(timedelta(minutes=1))


def _tell_open_pages() -> None:
    """Open pages show what of our side is away, and missed what happened while the broker was: they ask again."""
    try:
        live.catch_up_after_restart()
        if vantages.away_changed(settings.VANTAGE):
            live.resync(live.FLEET)
    except redis.RedisError as error:
        logger.warning("Nobody knows who is away, because the broker is: %s", error)


def _repeat_cancellations() -> None:
    """A load test must stop also when the broker was away while somebody stopped its run."""
    now = timezone.now()
    stopped = Run.objects.filter(
        kind=Kind.LOAD, state=Run.State.CANCELLED, finished_at__gte=now - STOPPED_LATELY
    )
    try:
        # Its age is bounded because that is what the index knows.
        for run in stopped.filter(created_at__gte=now - OLDEST_STOPPED).only("pk"):
            claims.cancel(run.pk)
    except redis.RedisError as error:
        logger.warning("Load tests that were stopped may go on, because the broker is away: %s", error)


@transaction.atomic
def examine(pk: UUID) -> None:
    """Settles, postpones or replaces one job that is due. The run's lock keeps recorder and other reapers out."""
    run = Run.objects.select_for_update().filter(jobs=pk).first()
    job = Job.objects.select_related("run").filter(pk=pk, settled_at=None).first()
    if run is None or job is None:
        return
    remaining = history.missing(run, job.vantage, job.connection_ids)
    if not run.is_open or not remaining:
        Job.objects.filter(pk=pk).settle()
        return
    sign = claims.sign_of(job.pk)
    if sign.alive or _on_its_way(job, sign) or not (sign.claimed or claims.take(job.pk)):
        Job.objects.filter(pk=pk).postpone(outbox.LOOK_AGAIN)
        return
    is_load = run.kind == Kind.LOAD
    if sign.claimed and (is_load or job.attempt >= MOST_ATTEMPTS):
        fault = recorder.our_fault(run.kind_of_probe, "worker_lost", LOST_LOAD if is_load else LOST)
        recorder.absorb(run.pk, job.vantage, dict.fromkeys(remaining, fault))
        return
    logger.warning(
        "Job %s of run %s went silent with %d probes open; they run again", pk, run.pk, len(remaining)
    )
    outbox.requeue(job, remaining, ran=sign.claimed)


def _on_its_way(job: Job, sign: claims.Sign) -> bool:
    """Whether the message, or the outcomes of a worker that ended well, may still be waiting in a queue."""
    if sign.claimed:
        return claims.database_was_away() or (sign.recent and broker.client().llen(queues.RECORD) > 0)
    kind = job.run.kind_of_probe
    each = plans.seconds(plans.plan_of(kind, job.run.params), plans.LONGEST_CONNECT)
    patience = max(LOST_AFTER, LOST_AFTER_PROBES * timedelta(seconds=each))
    recent = job.published_at is not None and timezone.now() - job.published_at < patience
    return recent and broker.client().llen(queues.queue_for(job.vantage, kind)) > 0
