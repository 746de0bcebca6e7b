"""The broker, and whoever speaks through it: pools, beat, and the clocks of the servers."""

import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from config.doctor.findings import Finding, broken, ok, watch
from probes import broker, vantages
from probes.models import Vantage
from probes.workers import Site

LONG_WAIT = 60.0
"""Seconds after which a message that nobody takes deserves a word."""
CLOCK_WATCH, CLOCK_BROKEN = 1.0, 30.0
"""Seconds. Signs of life count as silence after ten, so clocks that differ more than that make live parts look dead."""

Look = Callable[[], Iterator[Finding]]


def needs_broker(look: Look) -> Look:
    @wraps(look)
    def looking() -> Iterator[Finding]:
        try:
            yield from list(look())
        except redis.RedisError:
            yield broken("Not looked at, because the broker does not answer.", "See broker.")

    return looking


def answers() -> Iterator[Finding]:
    try:
        server = _info("server")
    except redis.RedisError as error:
        yield broken(
            f"The broker does not answer: {type(error).__name__}.", "Start it, or set REDIS_URL right."
        )
        return
    name = "Valkey" if "valkey_version" in server else "Redis"
    yield ok(f"{name} {server.get('valkey_version', server.get('redis_version', ''))} answers.")


@needs_broker
def persistence() -> Iterator[Finding]:
    """What a kill of the broker would lose. Accepted runs are in the database; results on their way are not."""
    kept, memory = _info("persistence"), _info("memory")
    if not kept.get("aof_enabled"):
        yield watch(
            "The broker has no append-only file: when it is killed, results on their way are lost and tests run again.",
            "Set appendonly yes and appendfsync everysec.",
        )
    elif kept.get("aof_last_write_status") != "ok":
        yield broken("The broker cannot write its append-only file.", "Look at its log and its disk.")
    else:
        yield ok("Everything on the queues is in the append-only file.")
    if memory.get("maxmemory") and memory.get("maxmemory_policy") != "noeviction":
        yield broken(
            f"When its memory is full the broker drops keys ({memory['maxmemory_policy']}), claims and queues included.",
            "Set maxmemory-policy noeviction.",
        )


@needs_broker
def workers() -> Iterator[Finding]:
    site = Site.look(_elsewhere())
    for queue in site.queues:
        waits = f"{queue.depth} messages wait" if queue.depth else "nothing waits"
        if not queue.takers:
            yield broken(
                f"No live worker takes from {queue.name}; {waits}.", "Start its pool; see docs/operations.md."
            )
        elif queue.oldest and queue.oldest > LONG_WAIT:
            yield watch(
                f"{queue.name}: {waits}, the first for {queue.oldest:.0f} s.",
                "Start more pools for it, or ask for less.",
            )
        else:
            yield ok(f"{queue.name}: {waits}; taken by {', '.join(queue.takers)}.")
    for worker in site.workers:
        if worker.silent:
            yield watch(
                f"{worker.name}, process {worker.pid} of {worker.host}, has said nothing since {worker.heard:%H:%M:%S} UTC.",
                "Look at its log: it was killed, or does not reach the broker. After an hour it is forgotten.",
            )


def _elsewhere() -> list[str]:
    """The vantages that runs are accepted for; none while the database is away, which is told as such."""
    try:
        return list(Vantage.objects.active().values_list("code", flat=True))
    except DatabaseError:
        return []


@needs_broker
def beat() -> Iterator[Finding]:
    if vantages.REAPER in vantages.away(settings.VANTAGE):
        yield broken(
            "Nothing that beat asks for has been done lately.",
            "Start beat, and the pool that takes from housekeeping. Schedules stand still without.",
        )
    else:
        yield ok("Beat ticks.")


@needs_broker
def clock() -> Iterator[Finding]:
    """Queue waits, signs of life and schedules compare clocks of several machines."""
    seconds, micros = broker.client().time()
    yield _compared("the broker's", seconds + micros / 1e6 - time.time())
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            yield _compared("the database's", cursor.fetchone()[0] - time.time())
    except DatabaseError:
        yield broken("Not compared with the database's, because it does not answer.", "See database.")


def _compared(whose: str, ahead: float) -> Finding:
    said = f"This machine's clock and {whose} differ by {abs(ahead):.1f} s."
    do = "Set the clocks by NTP on both machines."
    if abs(ahead) > CLOCK_BROKEN:
        return broken(said, do)
    return watch(said, do) if abs(ahead) > CLOCK_WATCH else ok(said)


def _info(section: str) -> dict[str, Any]:
    answer: dict[str, Any] = broker.client().info(section)
    return answer
