"""What one result of any kind says in a word, with the state that gives it its shape and colour."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from probes.engine.load.report import BUSY
from probes.models import Kind, Measured
from probes.states import SLOW_FROM_MS, State, state_of

VERDICTS = ("act", "watch", "unknown", "good")
"""Of health checks, the gravest first."""

HELD_SHARE = 0.95
"""Of a target rate, from which on it counts as held."""

STATE_OF_VERDICT = {
    "act": State.UNHEALTHY,
    "watch": State.SLOW,
    "unknown": State.UNKNOWN,
    "good": State.HEALTHY,
}
_REACHED = {
    State.HEALTHY: "Reached",
    State.SLOW: "Slow",
    State.UNHEALTHY: "Failed",
    State.UNKNOWN: "Not certain",
}


@dataclass(frozen=True)
class Said:
    state: State
    word: str


def said_of(result: Measured) -> Said:
    """The one place that turns a result into its word. A connection's own state comes from its connection tests only."""
    if result.ours:
        return Said(State.UNKNOWN, "Not tested")
    match result.kind:
        case Kind.LATENCY:
            return _of_latency(result)
        case Kind.LOAD:
            return _of_load(result)
        case Kind.HEALTH:
            return _of_health(result)
        case _:
            state = state_of(result)
            return Said(state, _REACHED[state])


def verdicts(result: Measured) -> Counter[str]:
    """How many checks of a health result came to each verdict."""
    return Counter(check["verdict"] for check in result.detail.get("checks", ()))


def held(result: Measured) -> bool:
    """Whether a load test reached the rate that it was told; one that was told none did."""
    target = result.detail.get("target_rate")
    return not target or bool(result.detail.get("steps")) or (result.rate or 0) >= HELD_SHARE * target


def client_was_limit(result: Measured) -> bool:
    """Whether a strained load test was held back by its own work, and not by what else our machine did."""
    return (result.detail.get("cpu_share") or 0) >= BUSY


def _of_latency(result: Measured) -> Said:
    if not result.ok:
        return Said(State.UNHEALTHY, "Broke off" if result.samples else "Failed")
    if result.strained:
        return Said(State.UNKNOWN, "Not certain")
    slow = result.p50_ms is not None and result.p50_ms >= SLOW_FROM_MS
    return Said(State.SLOW, "Slow") if slow else Said(State.HEALTHY, "Measured")


def _of_load(result: Measured) -> Said:
    if not result.ok:
        return Said(State.UNHEALTHY, "Stopped early" if result.samples else "Failed")
    if result.detail.get("stopped"):
        return Said(State.UNKNOWN, "Stopped")
    if result.strained:
        return Said(State.UNKNOWN, "Client was the limit" if client_was_limit(result) else "Not certain")
    return Said(State.HEALTHY, "Done") if held(result) else Said(State.SLOW, "Rate not held")


def _of_health(result: Measured) -> Said:
    if not result.ok:
        return Said(State.UNHEALTHY, "Failed")
    found = verdicts(result)
    for verdict, words in (("act", "to act on"), ("watch", "to watch")):
        if found[verdict]:
            return Said(STATE_OF_VERDICT[verdict], f"{found[verdict]} {words}")
    return Said(State.HEALTHY, "Good") if found["good"] else Said(State.UNKNOWN, "Nothing known")


def sorted_checks(detail: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks of a health result, the gravest first and else in their order."""
    return sorted(detail.get("checks", ()), key=lambda check: VERDICTS.index(check["verdict"]))
