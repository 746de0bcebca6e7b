"""How the fleet stands now: its state, what is down, what is slow, what nobody knows."""

from collections.abc import Iterator

from django.conf import settings

from assistant.evidence.fleet import Fleet, connection_page, counted, listed, page, result_page
from assistant.facts import Fact, Figure, Part
from probes.engine.errors import HINTS
from probes.history.glances import Glance
from probes.models import Measured
from probes.states import SLOW_FROM_MS, State

TITLES = {
    State.HEALTHY: "healthy",
    State.SLOW: "slow",
    State.UNHEALTHY: "down",
    State.UNKNOWN: "without data",
}


def overview(fleet: Fleet) -> Iterator[Fact]:
    """How many are in which state."""
    if not fleet.connections:
        yield Fact.of("There are no connections yet, so nothing was measured.", url=page("connection-list"))
        return
    counts = [(Figure(len(fleet.in_state(state))), f" {word}") for state, word in TITLES.items()]
    resting = len(fleet.connections) - len(fleet.active)
    yield Fact.of(
        "Of ",
        *counted(len(fleet.active), "active connection"),
        ", ",
        *listed(counts),
        f", as seen from the vantage {settings.VANTAGE}",
        *((" (", Figure(resting), " more are switched off)") if resting else ()),
        ".",
        url=page("connection-list"),
    )


def failing(fleet: Fleet) -> Iterator[Fact]:
    """What is down, why, and since when; what failed last first."""
    down = fleet.in_state(State.UNHEALTHY)
    for pk in sorted(down, key=lambda pk: fleet.glances[pk].finished_at, reverse=True):
        glance = fleet.glances[pk]
        yield Fact.of(
            fleet.name(pk),
            *fleet.place(pk),
            " is down: ",
            *why(fleet, pk, glance),
            *_since(fleet, pk),
            url=result_page(pk, glance.run_id, glance.vantage),
            name=fleet.name(pk),
        )


def why(fleet: Fleet, pk: int, failed: Glance | Measured) -> list[Part]:
    """The cause of a failure in our words, and the server's own as data; ends with a full stop."""
    said: list[Part] = [f"{failed.error_code} in the phase {failed.error_phase}"]
    said += [", SQLSTATE ", fleet.told(failed.sqlstate, pk)] if failed.sqlstate else []
    said += [", message ", fleet.told(failed.message, pk)] if failed.message else []
    hint = HINTS.get(failed.error_code)
    return [*said, f". {hint}" if hint else "."]


def _since(fleet: Fleet, pk: int) -> list[Part]:
    since, trend = fleet.since.get(pk), fleet.trends.get(pk)
    if since is None or trend is None:
        return [" It was not tested in the last day, so this may be old."]
    if trend.last_good is None and 0 in trend.failed:
        return [" It has been so for more than a day."]
    return [" It has been so since ", since, "."]


def slow(fleet: Fleet) -> Iterator[Fact]:
    """Those whose newest test was slow, the slowest first."""
    found = fleet.in_state(State.SLOW)
    for pk in sorted(found, key=lambda pk: -(fleet.glances[pk].query_ms or 0)):
        glance = fleet.glances[pk]
        assert glance.query_ms is not None
        yield Fact.of(
            fleet.name(pk),
            *fleet.place(pk),
            " is slow: one round trip took ",
            Figure(glance.query_ms, "ms"),
            f" (slow begins at {SLOW_FROM_MS:.0f} ms), tested ",
            glance.finished_at,
            ".",
            url=result_page(pk, glance.run_id, glance.vantage),
            name=fleet.name(pk),
        )


def slowest(fleet: Fleet) -> Iterator[Fact]:
    """By the median latency of the last day from the home vantage."""
    timed = [(pair.p50_ms, pk, pair) for pk, pair in fleet.pairs(fleet.recent) if pair.p50_ms is not None]
    for place, (median, pk, pair) in enumerate(sorted(timed, key=lambda one: (-one[0], one[1])), 1):
        yield Fact.of(
            f"Slowest number {place} of the last 24 h: ",
            fleet.name(pk),
            *fleet.place(pk),
            ", p50 ",
            Figure(median, "ms"),
            *((", p95 ", Figure(pair.p95_ms, "ms")) if pair.p95_ms is not None else ()),
            *((", p99 ", Figure(pair.p99_ms, "ms")) if pair.p99_ms is not None else ()),
            ", of ",
            *counted(pair.checks, "check"),
            ".",
            url=connection_page(pk),
            name=fleet.name(pk),
        )


def unreliable(fleet: Fleet) -> Iterator[Fact]:
    """Those of which some checks of the last day failed, from any vantage; the worst first."""
    failed = [
        (pair.error_share, pk, vantage, pair)
        for (vantage, pk), pair in fleet.recent.items()
        if pair.error_share
    ]
    for share, pk, vantage, pair in sorted(failed, key=lambda one: (-one[0], one[1], one[2])):
        yield Fact.of(
            fleet.name(pk),
            *fleet.place(pk),
            ": ",
            Figure(pair.checks - pair.good),
            " of ",
            *counted(pair.checks, "check"),
            " of the last 24 h failed (",
            Figure(100 * share, "%"),
            f") as seen from {vantage}; success ",
            Figure(100 * (1 - share), "%"),
            ".",
            url=connection_page(pk),
            name=fleet.name(pk),
        )


def unknown(fleet: Fleet) -> Iterator[Fact]:
    """Those of which nothing is known, and whether our own side is the reason."""
    for pk in fleet.in_state(State.UNKNOWN):
        glance = fleet.glances.get(pk)
        if glance is None:
            said: list[Part] = [" was never tested from the home vantage."]
        elif glance.ours:
            said = [" could not be tested, which says nothing about it: ", *why(fleet, pk, glance)]
        else:
            said = [" was tested while our own machine was too busy to tell."]
        url = result_page(pk, glance.run_id, glance.vantage) if glance else connection_page(pk)
        yield Fact.of(fleet.name(pk), *fleet.place(pk), *said, url=url, name=fleet.name(pk))
