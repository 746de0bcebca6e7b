"""Asking for probes: the one way in for pages, API, admin, command line and schedules.

1. `request_run` checks what is asked and whether this person may, then commits the Run and its outbox (one Job a
   vantage and batch) in one transaction: now it is accepted.
2. On commit each job is published: a conditional UPDATE decides who publishes, then the sealed job goes to its queue.
3. What could not be published waits in the outbox; `probes.reaper` tries again, and looks after what went silent.
"""

import contextlib
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.utils import timezone

from connections.models import Connection, Region
from probes import beginning, claims, live, outbox, plans, queues, recorder, switches, tasks
from probes.beginning import Accepted
from probes.engine.endpoint import Endpoint
from probes.jobs import SealedJob, Target, database_at, database_of
from probes.models import Job, Kind, Run, Schedule, uuid7

logger = logging.getLogger(__name__)

BATCHES_AT_ONCE = 2
"""A run is spread over two of a pool's six children: the others stay free for somebody who presses Test."""
MOST_SHOWN_WAITING = 50
TRIAL_SECONDS = 120
"""How long somebody waits for a test before saving: every worker may be busy with dead servers for a minute."""


RIGHTS = {
    plans.RUN_OWN_SQL: "run statements of their own",
    plans.TAKE_ALL_SLOTS: "take every free connection of a server",
}


class Refused(Exception):
    """A run was not accepted; the message says why, in words for whoever asked."""


class NothingToTest(Refused):
    """No connection was chosen, or none of those chosen exists any more."""

    def __init__(self) -> None:
        super().__init__("There is nothing to test: choose or add a connection first.")


class MadeUp(Refused):
    """Of nothing but connections whose history is made up."""

    def __init__(self) -> None:
        super().__init__("There is nothing to test: this history is made up, and its databases do not exist.")


class NotPermitted(Refused):
    """Whoever asked lacks a right that this plan needs."""

    def __init__(self, missing: Iterable[str]) -> None:
        rights = " and to ".join(RIGHTS[codename] for codename in sorted(missing))
        super().__init__(f"Only people who were given the right to {rights} may ask for this.")


class SwitchedOff(Refused):
    """A flag closes this, for whoever asked."""

    def __init__(self, switch: str) -> None:
        super().__init__(switches.reason(switch))
        self.switch = switch


class SeveralPlaces(Refused):
    """A load test comes from one vantage, because two at once would falsify each other. Ask for one after the other."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class LoadUnderWay(Refused):
    """A database has at most one load test at a time."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            f"A load test of the database of {connection.name} is under way. Wait for it or stop it."
        )


def request_run(
    *,
    kind: Kind,
    connections: Iterable[Connection],
    source: Run.Source,
    user: User | AnonymousUser | None = None,
    params: Mapping[str, Any] | None = None,
    vantages: Sequence[str] = (),
    schedule: Schedule | None = None,
    everything: bool = False,
) -> Run:
    """Accepts one run of each connection from each vantage (home unless named).

    Connections of regions that are switched off, and synthetic ones, are left out. ``everything`` is for whatever asks
    for all of them. Raises `Refused` (`NothingToTest`, `MadeUp`, `SeveralPlaces`, `SwitchedOff`, `NotPermitted`,
    `LoadUnderWay`), or `engine.plan.PlanError`, which names the parameter. Without a ``user`` the system itself asks,
    which has no rights beyond those of everybody. When it returns inside no transaction, the run is durable and its
    messages are on their way.
    """
    asked = dict(params or {})
    plan = plans.plan_of(Kind(kind).of_engine, asked)
    require_rights(Kind(kind), asked, user)
    chosen = list({one.pk: one for one in connections}.values())
    places = list(dict.fromkeys(vantages)) or [settings.VANTAGE]
    if not chosen:
        raise NothingToTest
    chosen = [one for one in chosen if not one.synthetic]
    if not chosen:
        raise MadeUp
    if kind == Kind.LOAD and len(places) > 1:
        raise SeveralPlaces
    chosen = switched_on(Kind(kind), chosen, user, everything)
    with transaction.atomic():
        if kind == Kind.LOAD:
            _require_no_load(chosen)
        run = Run.objects.create(
            kind=kind,
            params=asked,
            source=source,
            requested_by=user if isinstance(user, User) else None,
            schedule=schedule,
            everything=everything,
            total=len(chosen) * len(places),
        )
        jobs = Job.objects.bulk_create(
            Job(run=run, vantage=place, connection_ids=batch)
            for place in places
            for batch in batches([one.pk for one in chosen], plans.most_in_a_job(plan))
        )
        shown = [one.pk for one in chosen[:MOST_SHOWN_WAITING]]
        transaction.on_commit(partial(beginning.soon, Accepted(run, jobs, shown)))
    return run


def batches(ids: Sequence[int], most: int) -> list[list[int]]:
    """Even batches of at most so many, dealt out like cards so that each holds the same mixture."""
    count = max(min(BATCHES_AT_ONCE, len(ids)), math.ceil(len(ids) / most))
    return [list(ids[start::count]) for start in range(count)]


def switched_on(
    kind: Kind,
    chosen: Sequence[Connection],
    user: User | AnonymousUser | None,
    everything: bool = False,
) -> list[Connection]:
    """Those that no switch closes. `SwitchedOff` when that is none of them."""
    if switch := switches.closed(kind, user=user, everything=everything):
        raise SwitchedOff(switch)
    regions = Region.objects.filter(pk__in={one.region_id for one in chosen}).values_list("pk", "code")
    shut = {
        pk: switch
        for pk, code in regions
        if (switch := switches.closed(kind, code, user=user, everything=everything))
    }
    left = [one for one in chosen if one.region_id not in shut]
    if not left:
        raise SwitchedOff(next(iter(shut.values())))
    return left


def require_rights(kind: Kind, params: Mapping[str, Any], user: User | AnonymousUser | None) -> None:
    """Raises `NotPermitted` and `engine.plan.PlanError`."""
    needed = plans.needs(kind.of_engine, params)
    missing = {right for right in needed if user is None or not user.has_perm(right)}
    if missing:
        raise NotPermitted(missing)


def _require_no_load(chosen: Sequence[Connection]) -> None:
    """`LoadUnderWay` when an open load run has yet to end with one of these databases. The worker looks again."""
    under_way = Job.objects.filter(settled_at=None, run__kind=Kind.LOAD, run__finished_at=None)
    ids = {pk for found in under_way.values_list("connection_ids", flat=True) for pk in found}
    taken = {database_of(one) for one in Connection.objects.select_related("twin").filter(pk__in=ids)}
    for one in chosen:
        if database_of(one) in taken:
            raise LoadUnderWay(one)


def cancel_run(run: Run) -> bool:
    """Stops a run: what waits never starts, what runs stops within about a second. False when it had ended already."""
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        if not locked.is_open:
            return False
        locked.state, locked.finished_at = Run.State.CANCELLED, timezone.now()
        locked.save(update_fields=["state", "finished_at"])
        waiting = list(locked.jobs.filter(settled_at=None))
        locked.jobs.settle()
        transaction.on_commit(partial(_stop, locked, waiting))
    return True


def _stop(run: Run, jobs: Sequence[Job]) -> None:
    try:
        claims.cancel(run.pk)
        for job in jobs:
            claims.take(job.pk)
    except redis.RedisError as error:
        logger.warning(
            "Probes of the cancelled run %s may still finish, because the broker is away: %s", run.pk, error
        )
    live.resync(live.FLEET, live.run_group(run.pk), *_groups_of(jobs))


def _groups_of(jobs: Sequence[Job]) -> list[str]:
    return [live.connection_group(pk) for job in jobs for pk in job.connection_ids]


def request_trial(endpoint: Endpoint, *, region: str, user: User | AnonymousUser) -> UUID:
    """Starts one probe of fields that are not saved; `recorder.trial_of` tells its outcome by the token returned.

    Raises `SwitchedOff`, and `kombu.exceptions.OperationalError` when the broker is away: a trial is not kept.
    """
    if switch := switches.closed("connection", region, user=user):
        raise SwitchedOff(switch)
    token = uuid7()
    sealed = SealedJob(
        id=token,
        run_id=token,
        kind="connection",
        vantage=settings.VANTAGE,
        params={},
        published_at=timezone.now(),
        targets=(Target(key=0, endpoint=endpoint, database=database_at(endpoint), region=region),),
        asker=switches.Asker.of(user),
    )
    tasks.try_endpoint.apply_async(
        args=[str(token), sealed.seal()],
        queue=queues.queue_for(settings.VANTAGE, "connection"),
        time_limit=endpoint.connect_timeout + outbox.HAND_OVER_SECONDS,
        expires=TRIAL_SECONDS,
    )
    return token


def connection_saved(
    sender: type[Connection], instance: Connection, created: bool, raw: bool = False, **kwargs: Any
) -> None:
    """Whoever saves a connection, in whatever way, sees it listed at once and its first test begin."""
    if raw:
        return
    transaction.on_commit(partial(live.resync, live.FLEET, live.connection_group(instance.pk)))
    if instance.active:
        # Who edited it is not known here; who made it is.
        user = instance.created_by if created else None
        with contextlib.suppress(MadeUp, SwitchedOff):
            request_run(kind=Kind.CONNECTION, connections=[instance], source=Run.Source.SAVED, user=user)


def connection_leaves(sender: type[Connection], instance: Connection, **kwargs: Any) -> None:
    """Before a connection is deleted, whether for good or not: no run waits for it any longer, and no list shows it."""
    recorder.withdraw(instance.pk)
    if instance.deleted_at is None:
        transaction.on_commit(partial(live.resync, live.FLEET, live.connection_group(instance.pk)))
