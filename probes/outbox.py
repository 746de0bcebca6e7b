"""Jobs on their way: published once, replaced when they went silent. Used by who asks for probes and by the reaper."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from connections import vault
from connections.models import Connection
from probes import plans, queues, recorder, tasks
from probes.engine.plan import PlanError
from probes.jobs import SealedJob, Target, database_of, endpoint_of
from probes.models import Job
from probes.switches import Asker

logger = logging.getLogger(__name__)

SECOND_ATTEMPT = 8
"""Probes in a job of the second attempt: most lost workers are no server's fault, and one by one takes long."""
LOOK_AGAIN = timedelta(seconds=3)
HAND_OVER_SECONDS = 75


def publish(jobs: Sequence[Job]) -> bool:
    """Sends jobs of the outbox to their queues, but for those that somebody else just did; False when the broker is away.

    As many questions to the database for a hundred as for one.
    """
    taken = Job.take_to_publish(jobs, LOOK_AGAIN)
    asked = {pk for job in taken for pk in job.connection_ids}
    connections = Connection.objects.select_related("region", "twin").in_bulk(asked)
    for place, job in enumerate(taken):
        try:
            sent = _send(job, connections)
        except Exception:
            # What cannot be sent is looked after as a silent job; the others must not wait for a bug with this one.
            Job.give_back(taken[place + 1 :])
            raise
        if not sent:
            Job.give_back(taken[place:])
            return False
    return True


def _send(job: Job, connections: Mapping[int, Connection]) -> bool:
    run = job.run
    try:
        plan = plans.plan_of(run.kind_of_probe, run.params)
    except PlanError as error:
        _refuse(job, error)
        return True
    targets = _targets(job, connections)
    if not targets:
        return True
    sealed = SealedJob(
        id=job.pk,
        run_id=run.pk,
        kind=run.kind_of_probe,
        vantage=job.vantage,
        params=run.params,
        published_at=timezone.now(),
        targets=tuple(targets),
        asker=Asker.of(run.requested_by),
        everything=run.everything,
    )
    longest = plans.job_seconds(plan, [target.endpoint.connect_timeout for target in targets])
    try:
        tasks.run_probes.apply_async(
            args=[str(job.pk), sealed.seal()],
            queue=queues.queue_for(job.vantage, run.kind_of_probe),
            time_limit=longest + HAND_OVER_SECONDS,
        )
    except queues.AWAY as error:
        logger.warning("Job %s waits in the outbox, because the broker is away: %s", job.pk, error)
        return False
    return True


def _refuse(job: Job, error: PlanError) -> None:
    """The run was accepted by another version, whose plans were others."""
    hint = f"This version cannot carry out what was asked. {error}"
    fault = recorder.our_fault(job.run.kind_of_probe, "plan_refused", hint)
    recorder.absorb(job.run_id, job.vantage, dict.fromkeys(job.connection_ids, fault))


def _targets(job: Job, connections: Mapping[int, Connection]) -> list[Target]:
    """The job's endpoints; deleted connections have left it. Unreadable secrets are a result, and our fault."""
    targets, unreadable = [], {}
    for pk in job.connection_ids:
        if (connection := connections.get(pk)) is None:
            continue
        try:
            endpoint = endpoint_of(connection, job.vantage)
            region = connection.region.code if connection.region else ""
            database = database_of(connection)
            targets.append(Target(key=pk, endpoint=endpoint, database=database, region=region))
        except vault.VaultError as error:
            unreadable[pk] = recorder.our_fault(job.run.kind_of_probe, "vault_unreadable", str(error))
    if unreadable:
        recorder.absorb(job.run_id, job.vantage, unreadable)
    return targets


def requeue(job: Job, remaining: Sequence[int], *, ran: bool) -> None:
    """Replaces a silent job. What had begun is run again in small groups and then one by one, so that a hostile server
    ends up alone with its own worker; a message that never began is just sent again and costs no attempt.

    The caller holds the lock of the run's row.
    """
    size = SECOND_ATTEMPT if job.attempt == 1 else 1
    groups = (
        [remaining[start : start + size] for start in range(0, len(remaining), size)] if ran else [remaining]
    )
    attempt = job.attempt + 1 if ran else job.attempt
    Job.objects.filter(pk=job.pk).settle()
    for successor in Job.objects.bulk_create(
        Job(run=job.run, vantage=job.vantage, connection_ids=list(group), attempt=attempt) for group in groups
    ):
        transaction.on_commit(partial(publish, [successor]))
