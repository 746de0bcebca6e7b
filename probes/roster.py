"""Which connections a list shows, in which order and how many of them: read from its address, answered by the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.db.models import Case, F, FilteredRelation, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils import timezone

from connections.models import Connection, Provider, Region
from probes import board
from probes.addresses import Chip, link, without
from probes.history import Refused, success_shares
from probes.models import Kind
from probes.states import State, state_in_sql

STATES: Mapping[str, State] = {
    state.asked: state for state in (State.UNHEALTHY, State.SLOW, State.UNKNOWN, State.HEALTHY)
}
"""By how addresses write them, the worst first."""

PAGE = 50
MOST_SHOWN = 1000
LONGEST_SEARCH = 200
FILTERS = ("q", "state", "provider", "region")
MAP = ("map-provider", "map-state")
"""What the map beside a list shows: no filter of the list, but part of its address."""

_SEVERITY = Case(
    When(active=False, then=Value(len(STATES))),
    *(When(state=state.value, then=Value(place)) for place, state in enumerate(STATES.values())),
)
_SORTS: Mapping[str, Any] = {
    "state": _SEVERITY,
    "name": Lower("name"),
    "region": Lower("region__city"),
    "latency": F("newest__query_ms"),
    "connect": F("newest__total_ms"),
    "checked": F("newest__finished_at"),
}
SUCCESS = "success"
NATURAL: Mapping[str, str] = {
    **{name: name for name in (*_SORTS, SUCCESS)},
    **{name: f"-{name}" for name in ("latency", "connect", "checked")},
}
"""What the first click on a column's heading asks for: the worst first, the newest first, or from A to Z."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is empty filters nothing. ``sort`` is one of `NATURAL`, after a hyphen the other way round."""

    words: str = ""
    state: State | None = None
    provider: str = ""
    region: Region | None = None
    sort: str
    show: int = PAGE

    @classmethod
    def of(cls, query: QueryDict, usual: str) -> Self:
        """Raises `Refused` for what there is not."""
        given = {name: query.get(name, "").replace("\0", "").strip() for name in (*FILTERS, "sort", "show")}
        sort = given["sort"] or usual
        if sort.removeprefix("-") not in NATURAL:
            raise Refused(f"The list cannot be sorted by that. It can by {', '.join(NATURAL)}.")
        if given["state"] and given["state"] not in STATES:
            raise Refused(f"There is no such state; there are {', '.join(STATES)}.")
        if given["provider"] and given["provider"] not in Provider.values:
            raise Refused("There is no such provider.")
        return cls(
            words=given["q"][:LONGEST_SEARCH],
            state=STATES[given["state"]] if given["state"] else None,
            provider=given["provider"],
            region=_region(given["region"]),
            sort=sort,
            show=_shown(given["show"]),
        )

    @property
    def follows_states(self) -> bool:
        """Whether a connection that changes its state belongs elsewhere in the list, or no longer into it."""
        return self.state is not None or self.sort.removeprefix("-") == "state"

    def chosen(self) -> QuerySet[Connection]:
        """In order of name. A state is that of connections that are tested: the others are not counted either."""
        newest = FilteredRelation(
            "latest", condition=Q(latest__vantage=settings.VANTAGE, latest__kind=Kind.CONNECTION)
        )
        chosen = Connection.objects.search(self.words).for_list()
        chosen = chosen.alias(newest=newest).alias(state=state_in_sql("newest"))
        if self.state:
            chosen = chosen.active().filter(state=self.state.value)
        if self.provider:
            chosen = chosen.filter(provider=self.provider)
        if self.region:
            chosen = chosen.filter(region=self.region)
        return chosen

    def listed(self, chosen: QuerySet[Connection]) -> list[Connection]:
        """The first of them in the order that was asked for; where nothing is known, they come last either way."""
        name, backwards = self.sort.removeprefix("-"), self.sort.startswith("-")
        if name == SUCCESS:
            return self._by_success(chosen, backwards)
        direction: Callable[..., Any] = _SORTS[name].desc if backwards else _SORTS[name].asc
        return list(chosen.order_by(direction(nulls_last=True), Lower("name"), "pk")[: self.show])

    def _by_success(self, chosen: QuerySet[Connection], backwards: bool) -> list[Connection]:
        ids = list(chosen.values_list("pk", flat=True))
        shares = success_shares(ids, timezone.now(), kinds=[Kind.CONNECTION], vantages=[settings.VANTAGE])
        known = [(value, pk) for pk in ids if pk in shares and (value := shares[pk].value) is not None]
        known.sort(key=lambda pair: pair[0], reverse=backwards)
        measured = {pk for _, pk in known}
        ordered = [*(pk for _, pk in known), *(pk for pk in ids if pk not in measured)][: self.show]
        found = Connection.objects.select_related("region").in_bulk(ordered)
        return [found[pk] for pk in ordered if pk in found]


@dataclass(frozen=True)
class Sort:
    """A column's heading: where it leads, and how the list is sorted by it now, in ARIA's word ("" when it is not)."""

    link: str
    direction: str


@dataclass(frozen=True)
class More:
    text: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Roster:
    """A list as its page shows it: ``rows`` are the first of ``found`` that match, of ``total`` that there are."""

    asked: Asked
    rows: Sequence[board.Row]
    found: int
    total: int
    chips: Sequence[Chip]
    sorts: Mapping[str, Sort]
    more: Sequence[More]
    kept: Sequence[tuple[str, str]]
    address: str

    @classmethod
    def of(cls, query: QueryDict, usual: str) -> Self:
        """``usual`` is the order when the address names none. Raises `Refused`."""
        asked = Asked.of(query, usual)
        chosen = asked.chosen()
        address = _canonical(query, *MAP)
        query = _canonical(query)
        found = chosen.count()
        return cls(
            asked=asked,
            rows=board.rows_of(asked.listed(chosen)),
            found=found,
            total=Connection.objects.count(),
            chips=list(_chips(query, asked)),
            sorts={name: _sort(query, asked, name) for name in NATURAL},
            more=list(_more(query, asked, found)),
            kept=[(name, value) for name in ("state", "sort") if (value := query.get(name, ""))],
            address=link(address) if address else "",
        )

    @property
    def filtered(self) -> bool:
        return bool(self.chips)


def offered() -> dict[str, object]:
    """What the filters can be set to: the providers and regions of some connection."""
    used = set(Connection.objects.order_by().values_list("provider", flat=True).distinct())
    return {
        "providers": [choice for choice in Provider.choices if choice[0] in used],
        "regions": Region.objects.in_use().order_by("city", "code"),
    }


def _region(code: str) -> Region | None:
    if not code:
        return None
    region = Region.objects.filter(code=code[:64]).first()
    if region is None:
        raise Refused("There is no such region.")
    return region


def _shown(text: str) -> int:
    """How many rows; nonsense is no reason to show none."""
    if not (text.isascii() and text.isdigit()):
        return PAGE
    return min(max(PAGE, int(text[:6])), MOST_SHOWN)


def _canonical(query: QueryDict, *more: str) -> QueryDict:
    """What means something, in one order, so that a page has one address."""
    kept = without(query)
    named = QueryDict(mutable=True)
    for name in (*FILTERS, "sort", "show", *more):
        if value := kept.get(name, "").strip():
            named[name] = value
    return named


def _chips(query: QueryDict, asked: Asked) -> list[Chip]:
    words = {
        "q": f"“{asked.words}”",
        "state": asked.state.word if asked.state else "",
        "provider": dict(Provider.choices).get(asked.provider, ""),
        "region": f"{asked.region.city} ({asked.region.code})" if asked.region else "",
    }
    return [Chip(words[name], link(without(query, name, "show"))) for name in FILTERS if name in query]


def _sort(query: QueryDict, asked: Asked, name: str) -> Sort:
    if asked.sort.removeprefix("-") != name:
        return Sort(link(without(query, "show"), sort=NATURAL[name]), "")
    backwards = asked.sort.startswith("-")
    other = name if backwards else f"-{name}"
    return Sort(link(without(query, "show"), sort=other), "descending" if backwards else "ascending")


def _more(query: QueryDict, asked: Asked, found: int) -> list[More]:
    if found <= asked.show or asked.show >= MOST_SHOWN:
        return []
    rest = min(found, MOST_SHOWN) - asked.show
    every = f"Show all {found:,}" if found <= MOST_SHOWN else f"Show {MOST_SHOWN:,}"
    steps = [More(f"Show {PAGE} more", link(query, show=str(asked.show + PAGE)))] if rest > PAGE else []
    return [*steps, More(every, link(query, show=str(min(MOST_SHOWN, found))))]
