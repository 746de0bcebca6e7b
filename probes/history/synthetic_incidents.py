"""What went wrong in a made-up history, when, and why."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from connections.models import Connection
from probes.engine.errors import HINTS

PER_DAY = 0.06
"""Incidents of one connection."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """``share`` of the tests fail, latency is ``factor`` times as long as usual."""

    code: str
    phase: str
    share: float
    factor: float = 1.0
    sqlstate: str = ""
    message: str = ""


CAUSES = (
    Cause(code="tcp_refused", phase="tcp", share=1.0, message="Connection refused"),
    Cause(code="tcp_timeout", phase="tcp", share=0.9, message="no answer within 10 s"),
    Cause(code="connection_lost", phase="query", share=0.3, factor=1.4, message="connection was closed"),
    Cause(
        code="too_many_connections",
        phase="auth",
        share=0.5,
        factor=1.8,
        sqlstate="53300",
        message="sorry, too many clients already",
    ),
    Cause(
        code="auth_failed",
        phase="auth",
        share=1.0,
        sqlstate="28P01",
        message='password authentication failed for user "synthetic"',
    ),
    Cause(code="query_timeout", phase="query", share=0.08, factor=4.0, message="no answer within 10 s"),
    Cause(
        code="shutting_down",
        phase="auth",
        share=1.0,
        sqlstate="57P03",
        message="the database system is shutting down",
    ),
)
OUTAGE_OF_A_REGION = CAUSES[1]
OUR_OWN = Cause(code="dns_timeout", phase="dns", share=1.0, message="no answer within 5 s")


@dataclass(frozen=True)
class Incident:
    starts: datetime
    ends: datetime
    cause: Cause

    @property
    def hint(self) -> str:
        return HINTS[self.cause.code]


def incidents(
    seed: int, connection: Connection, vantage: str, since: datetime, until: datetime
) -> Iterator[Incident]:
    """Those of one connection as one vantage saw it, in order, never two at once."""
    days = (until - since) / timedelta(days=1)
    own = _some(f"{seed} {connection.name}", days * PER_DAY, since, until, CAUSES)
    region = connection.region.code if connection.region else ""
    shared = _some(f"{seed} region {region}", days / 60, since, until, (OUTAGE_OF_A_REGION,))
    ours = _some(f"{seed} vantage {vantage}", days / 20, since, until, (OUR_OWN,))
    free = since
    for incident in sorted([*own, *shared, *ours], key=lambda one: one.starts):
        if incident.starts >= free:
            yield incident
            free = incident.ends


def _some(
    key: str, expected: float, since: datetime, until: datetime, causes: tuple[Cause, ...]
) -> list[Incident]:
    chance = random.Random(key)  # noqa: S311 - repeatable, not secret
    count = int(expected) + (chance.random() < expected % 1)
    found = []
    for _ in range(count):
        starts = since + (until - since) * chance.random()
        minutes = min(chance.lognormvariate(3.2, 1.0), 720)
        found.append(Incident(starts, starts + timedelta(minutes=minutes), chance.choice(causes)))
    return found
