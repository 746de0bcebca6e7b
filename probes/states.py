"""The state of a connection in one word: the one place that turns a result into healthy, slow, down or no data."""

from enum import Enum
from typing import Protocol

from django.db.models import Case, Q, Value, When

from probes.engine.errors import OURS

GOOD_BELOW_MS = 100.0
SLOW_FROM_MS = 200.0


class State(Enum):
    HEALTHY = ("healthy", "Healthy", "●")
    SLOW = ("slow", "Slow", "▲")
    UNHEALTHY = ("unhealthy", "Down", "■")
    UNKNOWN = ("unknown", "No data", "◌")

    word: str
    shape: str

    def __new__(cls, value: str, word: str, shape: str) -> "State":
        member = object.__new__(cls)
        member._value_ = value
        member.word, member.shape = word, shape
        return member

    @property
    def asked(self) -> str:
        """How addresses write it."""
        return "down" if self is State.UNHEALTHY else str(self.value)

    @classmethod
    def of_value(cls, value: str) -> "State":
        return next(state for state in cls if state.value == value)


class Tested(Protocol):
    """What of a result tells the state; see `probes.models.Measured`."""

    @property
    def ok(self) -> bool: ...
    @property
    def error_code(self) -> str: ...
    @property
    def ours(self) -> bool: ...
    @property
    def query_ms(self) -> float | None: ...
    @property
    def strained(self) -> bool: ...


def state_of(result: Tested | None) -> State:
    """Latency is one round trip (``query_ms``), never the handshake.

    What our own side broke, or was too busy to time, is no news of the server.
    """
    if result is None or result.ours:
        return State.UNKNOWN
    slow = result.query_ms is not None and result.query_ms >= SLOW_FROM_MS
    late = not result.ok and result.error_code.endswith("_timeout")
    if result.strained and (slow or late):
        return State.UNKNOWN
    if not result.ok:
        return State.UNHEALTHY
    return State.SLOW if slow else State.HEALTHY


def state_in_sql(result: str) -> Case:
    """`state_of` as an expression, of the result that the relation ``result`` leads to."""

    def where(**conditions: object) -> Q:
        return Q(**{f"{result}__{name}": value for name, value in conditions.items()})

    slow = where(query_ms__gte=SLOW_FROM_MS)
    late = where(ok=False, error_code__endswith="_timeout")
    return Case(
        When(where(ok__isnull=True), then=Value(State.UNKNOWN.value)),
        When(where(error_phase="worker") | where(error_code__in=OURS), then=Value(State.UNKNOWN.value)),
        When(where(strained=True) & (slow | late), then=Value(State.UNKNOWN.value)),
        When(where(ok=False), then=Value(State.UNHEALTHY.value)),
        When(slow, then=Value(State.SLOW.value)),
        default=Value(State.HEALTHY.value),
    )
