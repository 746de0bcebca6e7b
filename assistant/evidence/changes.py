"""What changed within a week, and since when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median

from django.conf import settings

from assistant.evidence.fleet import NETWORK, USUAL_DAYS, Fleet, connection_page
from assistant.facts import Fact, Figure, Part
from probes import history
from probes.history import Values, Window
from probes.history.matrix import Pair

LEAST_SHARE = 0.2
LEAST_MS = 2.0
"""A smaller change of latency than this share, or than so many milliseconds, is no news."""
WORTH_A_LOOK = 0.05
"""A day that differs so much from its week may be the end of a greater change some days ago."""
MOST_LOOKED_AT = 40
LEAST_CHECKS = 5
LEAST_POINTS = 25.0
"""Of success, in percentage points."""
LEAST_HOURS = 3


@dataclass(frozen=True)
class Change:
    """Of a latency; ``since`` is None when it came so slowly or lately that nobody can say."""

    pk: int
    before: float
    after: float
    since: datetime | None

    @property
    def percent(self) -> float:
        return 100 * (self.after - self.before) / self.before

    @property
    def weight(self) -> float:
        return abs(self.after - self.before) / min(self.after, self.before)


def drift(fleet: Fleet) -> Iterator[Fact]:
    """Latency that became another one within a week, from the home vantage; the greatest change first."""
    for one in sorted(_changes(fleet), key=lambda one: (-one.weight, one.pk)):
        if one.since is None:
            when: list[Part] = [f" in the last 24 h than in the {USUAL_DAYS} days before"]
        else:
            when = [" since about ", one.since]
        yield Fact.of(
            fleet.name(one.pk),
            *fleet.place(one.pk),
            " is ",
            Figure(abs(one.percent), "%"),
            " slower" if one.after > one.before else " faster",
            *when,
            ": mean latency before ",
            Figure(one.before, "ms"),
            ", then ",
            Figure(one.after, "ms"),
            ".",
            url=connection_page(one.pk, "7d"),
            name=fleet.name(one.pk),
        )


def _changes(fleet: Fleet) -> Iterator[Change]:
    """Two queries for the days, and one for the hours of those that differ most."""
    usual, recent = dict(fleet.pairs(fleet.usual)), dict(fleet.pairs(fleet.recent))
    pairs = {pk: (_median(usual.get(pk)), _median(pair)) for pk, pair in recent.items()}
    known = {pk: (before, after) for pk, (before, after) in pairs.items() if before and after}
    differing = {pk: abs(after - before) / before for pk, (before, after) in known.items()}
    worth = (pk for pk, share in differing.items() if share >= WORTH_A_LOOK)
    looked_at = sorted(worth, key=lambda pk: -differing[pk])[:MOST_LOOKED_AT]
    if not looked_at:
        return
    week = Window(fleet.usual_window.start, fleet.now)
    found = history.series_of(looked_at, week, ["p50_ms"], kinds=NETWORK, vantages=[settings.VANTAGE])
    for pk in looked_at:
        broken = break_of(found.of[pk]["p50_ms"])
        if broken:
            yield Change(pk, broken.before, broken.after, found.buckets.starts()[broken.place])
        elif _is_news(*known[pk]):
            yield Change(pk, *known[pk], None)


def _median(pair: Pair | None) -> float | None:
    return pair.p50_ms if pair and pair.good >= LEAST_CHECKS else None


def _is_news(before: float, after: float) -> bool:
    return abs(after - before) >= max(LEAST_MS, LEAST_SHARE * before)


@dataclass(frozen=True)
class Break:
    """Where a series splits best in two: the place where the second part begins, and the means of both."""

    place: int
    before: float
    after: float


def break_of(values: Values) -> Break | None:
    """None when there are too few values, or when the two parts lie too close. A spike alone is no part."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    total, running, best, cut = sum(value for _, value in known), 0.0, 0.0, 0
    for number, (_, value) in enumerate(known[:-LEAST_HOURS], 1):
        running += value
        if number >= LEAST_HOURS:
            rest = len(known) - number
            apart = number * rest * (running / number - (total - running) / rest) ** 2
            best, cut = max((best, cut), (apart, number))
    if not cut:
        return None
    before, after = known[:cut], known[cut:]
    typical = [median(value for _, value in part) for part in (before, after)]
    if not typical[0] or not _is_news(*typical):
        return None
    return Break(after[0][0], fmean(value for _, value in before), fmean(value for _, value in after))


def reliability(fleet: Fleet) -> Iterator[Fact]:
    """Success that fell or came back by many points, from the home vantage."""
    usual = dict(fleet.pairs(fleet.usual))
    for pk, recent in fleet.pairs(fleet.recent):
        before = usual.get(pk)
        if not before or min(before.checks, recent.checks) < LEAST_CHECKS:
            continue
        then, now = 100 * before.good / before.checks, 100 * recent.good / recent.checks
        if abs(now - then) >= LEAST_POINTS:
            yield Fact.of(
                fleet.name(pk),
                *fleet.place(pk),
                " became less reliable" if now < then else " became more reliable",
                ": success ",
                Figure(then, "%"),
                f" in the {USUAL_DAYS} days before, ",
                Figure(now, "%"),
                " in the last 24 h.",
                url=connection_page(pk, "7d"),
                name=fleet.name(pk),
            )


PHASES: Mapping[str, str] = {
    "dns_ms": "DNS",
    "tcp_ms": "TCP",
    "tls_ms": "TLS",
    "auth_ms": "sign-in",
    "query_ms": "first query",
    "total_ms": "whole connection",
}


def phases(fleet: Fleet, pk: int) -> Iterator[Fact]:
    """Where the time of one connection goes, phase by phase: before and after it changed, or the last day and its week."""
    window = Window(fleet.usual_window.start, fleet.now)
    found = history.series_of([pk], window, list(PHASES), kinds=NETWORK, vantages=[settings.VANTAGE])
    starts = found.buckets.starts()
    broken = break_of(found.of[pk]["total_ms"])
    if broken:
        border: int = broken.place
        said: list[Part] = [" on average since about ", starts[border], ", before that "]
    else:
        border = next((place for place, at in enumerate(starts) if at > fleet.day.start), 0)
        said = [f" on average in the last 24 h, in the {USUAL_DAYS} days before "]
    for measure, title in PHASES.items():
        values = found.of[pk][measure]
        before, after = _mean(values[:border]), _mean(values[border:])
        if after is None:
            continue
        yield Fact.of(
            fleet.name(pk),
            f": {title} took ",
            Figure(after, "ms"),
            *said,
            "nothing was measured" if before is None else Figure(before, "ms"),
            ".",
            url=connection_page(pk, "7d"),
            name=fleet.name(pk),
        )


def _mean(values: Values) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
