"""The fleet at one moment, as one reader may see it: read once, whatever is then told of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from assistant.facts import Figure, Part, Quoted
from assistant.privacy import Reader
from assistant.redact import Redactor, quoted
from connections.models import Connection
from probes import history
from probes.history import Window
from probes.history.glances import Glance, glances_of
from probes.history.matrix import Pair
from probes.history.trends import Trend, failing_since, trends_of
from probes.models import Kind
from probes.states import State, state_of

DAY = timedelta(days=1)
USUAL_DAYS = 7
NETWORK = (Kind.CONNECTION, Kind.LATENCY)
"""Kinds whose latency is that of the network; under load it is another thing."""
_COLUMNS = ("name", "host", "username", "provider", "active", "pooled", "simulated_rtt_ms", "region")


@dataclass(frozen=True)
class Fleet:
    """All connections by id, in order of name. States are those that pages show, from the home vantage."""

    redact: Redactor
    now: datetime
    connections: Mapping[int, Connection]
    glances: Mapping[int, Glance]

    @classmethod
    def seen(cls, reader: Reader, now: datetime | None = None) -> Self:
        """Two queries; the rest follows when it is asked for, and costs as many for a thousand connections as for one."""
        listed = Connection.objects.for_list().only(
            *_COLUMNS, "region__code", "region__city", "region__latitude", "region__longitude"
        )
        connections = {one.pk: one for one in listed}
        glances = glances_of(connections, settings.VANTAGE, Kind.CONNECTION)
        return cls(Redactor(reader), now or timezone.now(), connections, glances)

    def alone(self, pk: int) -> Self:
        """One of the connections as a fleet of its own, so that only its history is read."""
        glances = {pk: self.glances[pk]} if pk in self.glances else {}
        return replace(self, connections={pk: self.connections[pk]}, glances=glances)

    @property
    def active(self) -> Sequence[int]:
        return [pk for pk, one in self.connections.items() if one.active]

    def state(self, pk: int) -> State:
        return state_of(self.glances.get(pk))

    def in_state(self, *states: State) -> list[int]:
        return [pk for pk in self.active if self.state(pk) in states]

    @cached_property
    def day(self) -> Window:
        return Window.named("24h", self.now)

    @cached_property
    def usual_window(self) -> Window:
        """The week before the last day: what that is compared with."""
        return Window(self.now - (1 + USUAL_DAYS) * DAY, self.now - DAY)

    @cached_property
    def recent(self) -> Mapping[tuple[str, int], Pair]:
        """The last day by (vantage, connection)."""
        return history.matrix_of(self.day, connection_ids=self.connections)

    @cached_property
    def usual(self) -> Mapping[tuple[str, int], Pair]:
        """The week before, whose last hour is not counted twice."""
        start, end = self.usual_window.start, self.usual_window.end
        whole = Window(start, end.replace(minute=0, second=0, microsecond=0))
        return history.matrix_of(whole, connection_ids=self.connections)

    @cached_property
    def trends(self) -> Mapping[int, Trend]:
        """The last day of those that are down."""
        down = self.in_state(State.UNHEALTHY)
        return trends_of(down, self.now, kind=Kind.CONNECTION, vantage=settings.VANTAGE) if down else {}

    @cached_property
    def since(self) -> Mapping[int, datetime]:
        """When those that are down failed first, as far as the last day tells."""
        if not self.trends:
            return {}
        return failing_since(self.trends, kind=Kind.CONNECTION, vantage=settings.VANTAGE)

    def pairs(self, of: Mapping[tuple[str, int], Pair], vantage: str = "") -> Iterator[tuple[int, Pair]]:
        """What one vantage, home by default, saw of each connection."""
        wanted = vantage or settings.VANTAGE
        return ((pk, pair) for (seen_from, pk), pair in of.items() if seen_from == wanted)

    def name(self, pk: int) -> Quoted:
        return self.redact.name(self.connections[pk])

    def told(self, text: str, pk: int) -> Quoted:
        return self.redact.message(text, self.connections[pk])

    def place(self, pk: int) -> list[Part]:
        """Where it is, to stand after its name: `` (Tokyo, aws-ap-northeast-1)``."""
        region = self.connections[pk].region
        return [" (", quoted(region.city), ", ", quoted(region.code), ")"] if region else []


def page(name: str, *args: object, **query: object) -> str:
    """The address of one of our pages."""
    path = reverse(name, args=args)
    return f"{path}?{urlencode(query)}" if query else path


def result_page(pk: int, run_id: object, vantage: str) -> str:
    return reverse("result-detail", args=[run_id, pk, vantage])


def connection_page(pk: int, window: str = "24h") -> str:
    return page("connection-detail", pk, window=window)


def counted(number: int, one: str, many: str = "") -> list[Part]:
    """``1 check``, ``2 checks``."""
    return [Figure(number), f" {one if number == 1 else many or one + 's'}"]


def listed(parts: Iterable[Sequence[Part]], between: str = ", ") -> list[Part]:
    """Several groups of parts as one, with something between them."""
    found: list[Part] = []
    for group in parts:
        found += [between, *group] if found else group
    return found
