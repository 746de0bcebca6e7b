"""Who works on a job, told through Redis: a claim is taken once, a lease shows that its worker is alive.

Redis delivers some messages twice and loses others. A worker starts a job only after taking its claim, and the
reaper takes the claim of a job before it publishes a successor: whichever comes first, the other can't.

A load test also holds its database, so that no two are under way at a time, whoever asked and from wherever.
"""

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from redis.commands.core import Script

from probes import broker
from probes.engine.outcome import Kind

CLAIM_SECONDS = 24 * 3600
REMEMBERED_SECONDS = 600
"""How long after its end a lease still shows that there was one: what its worker found may wait to be recorded."""

AWAY_SECONDS = 60
"""How long after the recorder last missed the database something that it had taken may still be on its way back."""
_DATABASE_AWAY = "meridian:recorder:database-away"


@dataclass(frozen=True)
class Terms:
    """Seconds: ``lease`` is how long a worker counts as alive after its last sign of life, which it gives every
    ``beat``, looking whether its run was cancelled; ``linger`` is for how long it still does after its end, and
    ``alone`` for how long it goes on without the broker.
    """

    lease: int
    beat: float
    linger: int
    alone: float


BATCH = Terms(lease=4, beat=1.0, linger=0, alone=math.inf)
# A load test is never repeated. So its worker may be deaf for as long as a broker takes to come back, but no longer,
# because meanwhile nobody can stop it; and it lives on for a moment after its end, because what the recorder has just
# taken from its queue shows nowhere. Cancelled, it has a second to end.
LOAD = Terms(lease=12, beat=0.1, linger=5, alone=12.0)


def terms_of(kind: Kind) -> Terms:
    return LOAD if kind == "load" else BATCH


# Sets the lease of one's own job on a database, unless another job holds it.
HOLD = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
LET_GO = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


@dataclass(frozen=True)
class Sign:
    """What Redis knows of a job: whether somebody ever claimed it, whether that somebody lives, or did a while ago."""

    claimed: bool
    alive: bool
    recent: bool


def take(job: UUID, terms: Terms = BATCH) -> bool:
    """Whether the caller, and nobody before it, may go on with this job."""
    client = broker.client()
    client.set(_lease(job), "1", ex=terms.lease + REMEMBERED_SECONDS)
    return bool(client.set(_claim(job), "1", nx=True, ex=CLAIM_SECONDS))


def renew(job: UUID, run: UUID, terms: Terms = BATCH) -> bool:
    """Renews the lease; False when the job or all of its run has been cancelled."""
    pipeline = broker.client().pipeline(transaction=False)
    pipeline.set(_lease(job), "1", ex=terms.lease + REMEMBERED_SECONDS)
    pipeline.exists(_cancelled(run), _cancelled(job))
    return not pipeline.execute()[1]


def release(job: UUID, terms: Terms = BATCH) -> None:
    """The worker has ended, and handed over what it found."""
    broker.client().expire(_lease(job), REMEMBERED_SECONDS + terms.linger)


def sign_of(job: UUID) -> Sign:
    pipeline = broker.client().pipeline(transaction=False)
    pipeline.exists(_claim(job))
    pipeline.pttl(_lease(job))
    claimed, left = pipeline.execute()
    return Sign(claimed=bool(claimed), alive=left > REMEMBERED_SECONDS * 1000, recent=left > 0)


def cancel(run_or_job: UUID) -> None:
    """What runs of it stops when its worker next renews its lease."""
    broker.client().set(_cancelled(run_or_job), "1", ex=CLAIM_SECONDS)


def note_database_away() -> None:
    """What the recorder takes from its queue goes back there, and for moments shows nowhere."""
    broker.client().set(_DATABASE_AWAY, "1", ex=AWAY_SECONDS)


def database_was_away() -> bool:
    """Whether the recorder missed it a moment ago."""
    return bool(broker.client().exists(_DATABASE_AWAY))


def hold(database: str, job: UUID) -> bool:
    """Takes the database (`jobs.database_of`) for a load test, or holds on to it; False when another job has it."""
    return bool(_hold()(keys=[_held(database)], args=[str(job), LOAD.lease]))


def let_go(database: str, job: UUID) -> None:
    _let_go()(keys=[_held(database)], args=[str(job)])


def _claim(job: UUID) -> str:
    return f"meridian:job:{job}:claim"


def _lease(job: UUID) -> str:
    return f"meridian:job:{job}:lease"


def _cancelled(run_or_job: UUID) -> str:
    return f"meridian:cancelled:{run_or_job}"


def _held(database: str) -> str:
    """The broker needs to tell databases apart, not to know them."""
    return f"meridian:load:{hashlib.sha256(database.encode()).hexdigest()}"


@cache
def _hold() -> Script:
    return broker.client().register_script(HOLD)


@cache
def _let_go() -> Script:
    return broker.client().register_script(LET_GO)
