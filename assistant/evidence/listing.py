"""The connections one by one, in the order of their trouble."""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.evidence.fleet import Fleet, connection_page, result_page
from assistant.facts import Fact, Figure, Part
from connections.models import Provider
from probes.states import State

_ORDER = (State.UNHEALTHY, State.SLOW, State.UNKNOWN, State.HEALTHY)
_PROVIDERS = dict(Provider.choices)


def connections_by(fleet: Fleet, filters: Mapping[str, Any]) -> Iterator[Fact]:
    """Those in a ``state``, and of which every word of ``search`` occurs in what is told of them."""
    state, words = filters.get("state", ""), filters.get("search", "").lower().split()
    found = [pk for pk in fleet.active if not state or fleet.state(pk).asked == state]
    for pk in sorted(found, key=lambda pk: _ORDER.index(fleet.state(pk))):
        if all(word in _said_of(fleet, pk) for word in words):
            yield _line(fleet, pk)


def _said_of(fleet: Fleet, pk: int) -> str:
    region, provider = fleet.connections[pk].region, _PROVIDERS[fleet.connections[pk].provider]
    place = f"{region.city} {region.code}" if region else ""
    return f"{fleet.name(pk).text} {place} {provider}".lower()


def _line(fleet: Fleet, pk: int) -> Fact:
    glance = fleet.glances.get(pk)
    parts: list[Part] = [
        *fleet.place(pk),
        f", {_PROVIDERS[fleet.connections[pk].provider]}: {fleet.state(pk).word}",
    ]
    if glance and glance.query_ms is not None:
        parts += [", round trip ", Figure(glance.query_ms, "ms")]
    if glance and glance.total_ms is not None:
        parts += [", new connection ", Figure(glance.total_ms, "ms")]
    if glance and not glance.ok:
        parts += [f", {glance.error_code}"]
    if glance:
        parts += [", tested ", glance.finished_at]
    url = result_page(pk, glance.run_id, glance.vantage) if glance else connection_page(pk)
    return Fact.of(fleet.name(pk), *parts, ".", url=url, name=fleet.name(pk))
