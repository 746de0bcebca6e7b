"""A load test holds its database for as long as it lasts, so that there is one at a time."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID

import redis

from probes import claims
from probes.engine.outcome import Failure, Outcome

logger = logging.getLogger(__name__)

_UNDER_WAY = Failure(
    code="load_under_way",
    phase="worker",
    hint="Another load test of this database was under way, so this one did not begin. Ask again when it has ended.",
)


@contextlib.asynccontextmanager
async def holding(database: str, job: UUID, *, lost: Callable[[], object]) -> AsyncIterator[bool]:
    """Whether the block has the database to itself; ``lost`` is called when another load test took it meanwhile.

    Raises `redis.RedisError` when the broker is away; a broker that goes away later is waited for.
    """
    if not await asyncio.to_thread(claims.hold, database, job):
        yield False
        return
    renewing = asyncio.create_task(_renew(database, job, lost))
    try:
        yield True
    finally:
        renewing.cancel()
        await asyncio.to_thread(_let_go, database, job)


async def _renew(database: str, job: UUID, lost: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(claims.LOAD.lease / 4)
        try:
            ours = await asyncio.to_thread(claims.hold, database, job)
        except redis.RedisError as error:
            logger.warning("Job %s could not hold on to its database: %s", job, error)
            continue
        if not ours:
            logger.warning("Job %s lost its database to another load test, and stops", job)
            lost()
            return


def _let_go(database: str, job: UUID) -> None:
    try:
        claims.let_go(database, job)
    except redis.RedisError as error:
        logger.warning("The database of job %s is free only in a few seconds: %s", job, error)


def not_begun() -> Outcome:
    """What is said of a load test whose database another one holds."""
    now = datetime.now(UTC)
    return Outcome(kind="load", started=now, finished=now, failure=_UNDER_WAY)
