"""The history in sections, the most telling first: what a model is briefed with and what people read as insights."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.evidence import changes, comparing, failures, health, one, standing
from assistant.evidence.fleet import USUAL_DAYS, Fleet
from assistant.facts import Fact, Quoted
from probes.history import Window

MOST_SUBJECTS = 3


@dataclass(frozen=True)
class Section:
    """``nothing`` is what its absence of facts means; read lazily, so that what is not shown is not asked for."""

    title: str
    read: Callable[[], Iterable[Fact]]
    nothing: str = ""
    about: Quoted | None = None


def of_fleet(fleet: Fleet) -> Iterator[Section]:
    """All connections together."""
    yield Section("State", lambda: standing.overview(fleet))
    yield Section("Down", lambda: standing.failing(fleet), "Nothing is down.")
    yield Section("Slow", lambda: standing.slow(fleet), "Nothing is slow.")
    yield Section(
        "Latency that changed",
        lambda: changes.drift(fleet),
        "No latency changed by a fifth or more, as far as there is enough to compare.",
    )
    yield Section(
        f"Reliability of the last 24 h against the {USUAL_DAYS} days before",
        lambda: changes.reliability(fleet),
        f"No success share changed by {changes.LEAST_POINTS:.0f} points or more.",
    )
    yield Section(
        "Health checks", lambda: health.concerns(fleet), "No newest health check found anything to act on."
    )
    yield Section("Errors by cause", lambda: failures.causes(fleet, fleet.day))
    yield Section(
        "Failures now and then", lambda: standing.unreliable(fleet), "No check of the last 24 h failed."
    )
    yield Section("Slowest", lambda: standing.slowest(fleet), "Nothing was timed in the last 24 h.")
    yield Section("Without data", lambda: standing.unknown(fleet), "Every active connection has been tested.")
    yield Section("Regions", lambda: comparing.regions(fleet, fleet.day))
    yield Section("Vantages", lambda: comparing.vantages(fleet, fleet.day))


def of_connection(fleet: Fleet, pk: int) -> Iterator[Section]:
    """One connection alone."""
    name = fleet.name(pk)
    fleet = fleet.alone(pk)
    week = Window.named("7d", fleet.now)
    yield Section("Newest tests", lambda: one.latest(fleet, pk), "It has not been tested yet.", name)
    yield Section("What changed", lambda: _changed(fleet), "Nothing much changed in a week.", name)
    yield Section(
        "Outages of the last 30 d",
        lambda: failures.outages(fleet, pk),
        "No connection test from home found it down.",
        name,
    )
    yield Section("Errors of the last 7 d", lambda: failures.causes(fleet, week), "", name)
    yield Section(
        "Newest health check", lambda: health.summary(fleet, pk), "Its health was not checked yet.", name
    )
    yield Section("From each vantage", lambda: comparing.vantages(fleet, fleet.day), "", name)
    yield Section("Where the time goes", lambda: changes.phases(fleet, pk), "", name)
    yield Section("Server and distance", lambda: _itself(fleet, pk), "", name)


def _changed(fleet: Fleet) -> Iterator[Fact]:
    yield from standing.failing(fleet)
    yield from changes.drift(fleet)
    yield from changes.reliability(fleet)


def _itself(fleet: Fleet, pk: int) -> Iterator[Fact]:
    yield from one.servers(fleet, pk)
    yield from one.distance(fleet, pk)


def subjects(fleet: Fleet, question: str) -> Sequence[int]:
    """The connections that a question is about: those that it names, else those of a place that it names."""
    asked = f" {_plain(question)} "
    named = [pk for pk in fleet.connections if f" {_plain(fleet.name(pk).text)} " in asked]
    # Of "tokyo" and "tokyo 2" the question that names the longer one means that one.
    named.sort(key=lambda pk: -len(fleet.name(pk).text))
    if named:
        return named[:MOST_SUBJECTS]
    placed = [
        pk
        for pk, one in fleet.connections.items()
        if one.region and any(f" {_plain(word)} " in asked for word in (one.region.city, one.region.code))
    ]
    return placed[:MOST_SUBJECTS]


def _plain(text: str) -> str:
    """Words in small letters with one blank between them."""
    return " ".join("".join(one if one.isalnum() else " " for one in text.lower()).split())
