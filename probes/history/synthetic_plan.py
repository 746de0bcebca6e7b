"""How much history is made up, and the rounds of tests that it consists of."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone

from probes.history.refusals import Refused
from probes.models import Kind, Vantage

KINDS = (*(Kind.CONNECTION,) * 3, Kind.LATENCY, *(Kind.CONNECTION,) * 4, Kind.LATENCY, Kind.HEALTH)
"""The kinds of ten rounds: seven in ten only connect."""

DAY = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)
MOST_ROUNDS = 500_000
"""All of them are held in memory: a few hundred megabytes."""
MOST_SEED = 2**32 - 1
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """About ``rows`` results, spread evenly over the connections, the vantages and the days before ``until``."""

    rows: int = 100_000
    connections: int = 20
    days: int = 30
    vantages: Sequence[str] = ("home",)
    seed: int = 1
    until: datetime = field(default_factory=timezone.now)

    def __post_init__(self) -> None:
        for name, most in (("rows", 1_000_000_000), ("connections", 10_000), ("days", 366)):
            if not 1 <= getattr(self, name) <= most:
                raise Refused(f"The number of {name} must lie between 1 and {most:,}.")
        if not 0 <= self.seed <= MOST_SEED:
            raise Refused(f"The seed must lie between 0 and {MOST_SEED:,}.")
        for code in self.vantages:
            try:
                Vantage._meta.get_field("code").clean(code, None)
            except ValidationError as error:
                raise Refused(
                    f"No vantage can be called {code[:40]!r}. {' '.join(error.messages)}"
                ) from error
        if not 1 <= self.rounds <= MOST_ROUNDS:
            raise Refused(
                f"Of each connection and vantage there must be 1 to {MOST_ROUNDS:,} rows, not {self.rounds:,}."
            )

    @property
    def rounds(self) -> int:
        return self.rows // (self.connections * len(self.vantages))

    @property
    def step(self) -> timedelta:
        """From one round to the next, in whole milliseconds."""
        return max(MILLISECOND, self.days * DAY // self.rounds // MILLISECOND * MILLISECOND)


@dataclass(frozen=True)
class Tick:
    """One round: every connection is tested from every vantage."""

    number: int
    at: datetime
    run: UUID
    kind: Kind


def ticks_of(plan: Plan) -> Iterator[Tick]:
    """Rounds lie on a grid of their own, so that generating again a day later adds a day."""
    last = (plan.until - EPOCH) // plan.step
    first = (plan.until - plan.days * DAY - EPOCH) // plan.step + 1
    for number in range(first, last + 1):
        at = EPOCH + number * plan.step
        kind = KINDS[number % len(KINDS)]
        yield Tick(number, at, uuid_of(plan.seed, at), kind)


def uuid_of(seed: int, at: datetime) -> UUID:
    """A UUIDv7 of that moment whose chance is the seed's."""
    millis = (at - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND
    chance = random.Random(f"{seed} {millis}").getrandbits(80)  # noqa: S311 - repeatable, not secret
    value = millis << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
