"""The scratch table of the reading workloads: made or dropped in a database when somebody asks for just that.

A page opens no connection itself, so this too is a message to the load queue. What came of it is kept like a trial.
"""

import asyncio
import logging
from datetime import UTC, datetime
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from connections.models import Connection
from probes import dispatch, queues, recorder, switches
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.load.scratch import CREATE_SECONDS, create_scratch, drop_scratch
from probes.engine.outcome import Failure, Outcome
from probes.jobs import SealedJob, Target, Unopened, database_of, endpoint_of
from probes.models import uuid7
from probes.work import gate
from probes.work.handing import hand_over_trial
from probes.work.rules import egress

logger = logging.getLogger(__name__)

MAKE_SCRATCH = "probes.make_scratch"
WAIT_SECONDS = 120
"""How long it may wait for a load worker; whoever asked has given up by then."""
LONGEST_SECONDS = WAIT_SECONDS + 2 * CREATE_SECONDS


class MayNotMake(dispatch.Refused):
    """Only people who were given the right to make scratch tables may ask for this."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def request_scratch(connection: Connection, rows: int | None, user: User | AnonymousUser) -> UUID:
    """Asks for the table with ``rows`` rows, or with None for its end. Returns the token for `recorder.trial_of`.

    What was made may be dropped at any time.
    Raises `MayNotMake`, `dispatch.SwitchedOff`, `vault.VaultError`, and what a broker that is away raises.
    """
    if not user.has_perm(MAKE_SCRATCH):
        raise MayNotMake
    region = connection.region.code if connection.region else ""
    if rows is not None and (switch := switches.closed("load", region, user=user)):
        raise dispatch.SwitchedOff(switch)
    token = uuid7()
    target = Target(
        key=connection.pk,
        endpoint=endpoint_of(connection, settings.VANTAGE),
        database=database_of(connection),
        region=region,
    )
    sealed = SealedJob(
        id=token,
        run_id=token,
        kind="load",
        vantage=settings.VANTAGE,
        params={"rows": rows},
        published_at=timezone.now(),
        targets=(target,),
        asker=switches.Asker.of(user),
    )
    make_or_drop.apply_async(
        args=[str(token), sealed.seal()],
        queue=queues.queue_for(settings.VANTAGE, "load"),
        time_limit=LONGEST_SECONDS,
        expires=WAIT_SECONDS,
    )
    return token


@shared_task(name="probes.scratch")
def make_or_drop(trial: str, token: str) -> None:
    """Carries it out and hands the outcome over; its ``detail`` holds ``rows``, None when the table was dropped."""
    try:
        job = SealedJob.unseal(token)
    except Unopened as error:
        logger.error("Scratch table %s cannot be opened here: %s", trial, error)
        hand_over_trial(trial, recorder.unreadable("load", settings.VANTAGE, error))
        return
    [target], rows = job.targets, job.params["rows"]
    shut = gate.shut(job) if rows is not None else {}
    outcome = shut.get(target.key) or asyncio.run(_outcome(target.endpoint, rows))
    hand_over_trial(trial, outcome)


async def _outcome(endpoint: Endpoint, rows: int | None) -> Outcome:
    started, failure = datetime.now(UTC), None
    try:
        await _carry_out(endpoint, rows)
    except ProbeError as error:
        failure = error.failure
    return _told(started, failure, rows)


async def _carry_out(endpoint: Endpoint, rows: int | None) -> None:
    if rows is None:
        await drop_scratch(endpoint, rules=egress())
    else:
        await create_scratch(endpoint, rows, rules=egress())


def _told(started: datetime, failure: Failure | None, rows: int | None) -> Outcome:
    return Outcome(
        kind="load", started=started, finished=datetime.now(UTC), failure=failure, detail={"rows": rows}
    )
