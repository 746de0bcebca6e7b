"""Regions, providers and vantages side by side, over any stretch of time."""

from collections.abc import Callable, Iterator, Mapping

from django.conf import settings

from assistant.evidence.fleet import Fleet, counted, page
from assistant.facts import Fact, Figure, Part
from assistant.redact import quoted
from connections.models import Provider
from probes import history
from probes.history import Window
from probes.history.matrix import Pair

_PROVIDERS = dict(Provider.choices)


def regions(fleet: Fleet, window: Window) -> Iterator[Fact]:
    """The connections of each region together, from the home vantage; the slowest first."""

    def key(vantage: str, pk: int) -> str:
        region = fleet.connections[pk].region
        return region.code if region else ""

    cities = {
        one.region.code: one.region.city for one in fleet.connections.values() if one.region is not None
    }
    for code, pairs in _groups(fleet, window, key, home_only=True):
        name: list[Part] = ["Region ", quoted(cities[code]), ", ", quoted(code)] if code else ["No region"]
        address = {"region": code} if code else {}
        yield _fact(name, pairs, window, **address)


def providers(fleet: Fleet, window: Window) -> Iterator[Fact]:
    """The connections of each provider together, from the home vantage; the slowest first."""

    def key(vantage: str, pk: int) -> str:
        return fleet.connections[pk].provider

    for code, pairs in _groups(fleet, window, key, home_only=True):
        yield _fact([f"Provider {_PROVIDERS[code]}"], pairs, window, provider=code)


def vantages(fleet: Fleet, window: Window) -> Iterator[Fact]:
    """What each vantage saw of the same connections; the slowest first."""
    chosen = list(fleet.connections)
    only = {"connection": chosen[0]} if len(chosen) == 1 else {}
    about: list[Part] = [" of ", fleet.name(chosen[0])] if len(chosen) == 1 else []
    for code, pairs in _groups(fleet, window, lambda vantage, pk: vantage):
        yield _fact([f"Vantage {code}", *about], pairs, window, vantage=code, **only)


BY: Mapping[str, Callable[[Fleet, Window], Iterator[Fact]]] = {
    "region": regions,
    "provider": providers,
    "vantage": vantages,
}


def _groups(
    fleet: Fleet,
    window: Window,
    key: Callable[[str, int], str],
    *,
    home_only: bool = False,
) -> list[tuple[str, dict[int, list[Pair]]]]:
    """Pairs by connection, of each key; one query, none for the last day."""
    today = window == fleet.day
    seen = fleet.recent if today else history.matrix_of(window, connection_ids=fleet.connections)
    found: dict[str, dict[int, list[Pair]]] = {}
    for (vantage, pk), pair in seen.items():
        if not home_only or vantage == settings.VANTAGE:
            found.setdefault(key(vantage, pk), {}).setdefault(pk, []).append(pair)
    return sorted(found.items(), key=lambda group: (-(_median(group[1]) or 0), group[0]))


def _median(pairs: Mapping[int, list[Pair]]) -> float | None:
    """Every timed check weighs the same."""
    timed = [one for some in pairs.values() for one in some if one.p50_ms is not None]
    weight = sum(one.good for one in timed)
    return sum((one.p50_ms or 0) * one.good for one in timed) / weight if weight else None


def _fact(name: list[Part], pairs: Mapping[int, list[Pair]], window: Window, **address: object) -> Fact:
    every = [one for some in pairs.values() for one in some]
    checks, good = sum(one.checks for one in every), sum(one.good for one in every)
    median = _median(pairs)
    said: list[Part] = [*counted(len(pairs), "connection"), ", ", *counted(checks, "check")]
    if checks:
        said += [", success ", Figure(100 * good / checks, "%")]
    if median is not None:
        said += [", p50 ", Figure(median, "ms")]
    url = page("history", **address, window=window.name)
    return Fact.of(*name, ": ", *said, f", {window.phrase}.", url=url)
