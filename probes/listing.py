"""What the History page shows: the checks that an address asks for, its filters in words, and the pages beside it."""

from dataclasses import dataclass, fields
from typing import Any, Self
from zlib import crc32

from django.db.models import QuerySet
from django.http import QueryDict

from connections.models import Connection, Provider, Region
from probes import charts, history
from probes.addresses import Chip, link, without
from probes.engine.errors import HINTS
from probes.history import Cursor, Filters, Refused, Window
from probes.history.filters import OUTCOMES
from probes.history.windows import NAMED, RANGE, WORDS, moment
from probes.models import Kind, Result, Vantage

MOST_CHIPS = 12
"""Connections that are named among the filters; the others are counted."""
NAMES_OFFERED = 500
"""Connections whose names the filter offers while somebody types; any other can be written out."""


@dataclass(frozen=True)
class Check:
    result: Result
    connection: Connection


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One page of the list. Addresses are relative; ``newer`` and ``older`` are "" where the list ends.

    ``vantage`` is where the chart looks from.
    """

    filters: Filters
    window: Window
    checks: list[Check]
    chips: list[Chip]
    vantage: str
    chart_query: str
    shared: QueryDict
    address: str
    newer: str
    older: str
    is_newest: bool

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        """Raises `Refused`.

        Afterwards a connection that is asked for by its name is in ``query`` by its number, and a range as the fields
        of the page hold it.
        """
        _write_the_range(query)
        number_the_name(query)
        filters, window = Filters.asked(query), Window.asked(query)
        page = _page(query, filters, window)
        named = Connection.objects.select_related("region").in_bulk(
            {*filters.connections, *(result.connection_id for result in page.results)}
        )
        shared = without(query, "before", "after")
        drawn = _drawn(filters)
        vantage = filters.vantage or charts.vantage_for(drawn, window)
        return cls(
            filters=filters,
            window=window,
            checks=[
                Check(result, named[result.connection_id])
                for result in page.results
                if result.connection_id in named
            ],
            chips=_chips(shared, filters, window, named),
            vantage=vantage,
            chart_query=_chart_query(shared, drawn, vantage),
            shared=shared,
            address=link(without(query)),
            newer=link(shared, after=str(page.newer)) if page.newer else "",
            older=link(shared, before=str(page.older)) if page.older else "",
            is_newest=window.ends_now and not query.get("before") and not query.get("after"),
        )

    @property
    def first(self) -> str:
        return link(self.shared)

    @property
    def chart_links(self) -> list[tuple[str, str, str]]:
        """Of each chart its name, its title, and the address of this list with it."""
        return [(name, title, link(self.shared, chart=name)) for name, title in charts.TITLES.items()]

    @property
    def chart_id(self) -> str:
        """Tells one chart from another, so that a page keeps the one that it has."""
        return f"{crc32(self.chart_query.encode()):08x}"

    @property
    def export_query(self) -> str:
        return without(self.shared, "chart").urlencode()


def _write_the_range(query: QueryDict) -> None:
    for name, word in (("from", "begins"), ("to", "ends")):
        if text := query.get(name, "").strip():
            query[name] = moment(text, word).replace(tzinfo=None).isoformat().removesuffix(":00")
            query["window"] = RANGE


def number_the_name(query: QueryDict) -> None:
    """A connection that ``query`` asks for by its name is in it by its number afterwards. Raises `Refused`."""
    name = query.get("name", "").replace("\0", "").strip()
    query.pop("name", None)
    if not name:
        return
    connection = Connection.objects.named(name).first()
    if connection is None:
        raise Refused(f"No connection is called “{name[:63]}”.")
    query.appendlist("connection", str(connection.pk))


def _page(query: QueryDict, filters: Filters, window: Window) -> history.Page:
    before, after = query.get("before", ""), query.get("after", "")
    if before and after:
        raise Refused("A page begins either before or after a check, not both.")
    if after:
        return history.newer_checks(filters, window, Cursor.parse(after))
    return history.older_checks(filters, window, Cursor.parse(before) if before else None)


def _drawn(filters: Filters) -> list[int]:
    """The connections that the chart shows: those asked for, or all that the filters leave when they are few."""
    few = list(filters.wanted().values_list("pk", flat=True)[: charts.MOST_CONNECTIONS + 1])
    return (
        few[: charts.MOST_CONNECTIONS] if filters.connections or len(few) <= charts.MOST_CONNECTIONS else []
    )


def _chart_query(shared: QueryDict, drawn: list[int], vantage: str) -> str:
    """The address of a chart without its name, "" when there is none."""
    if not drawn:
        return ""
    query = QueryDict(mutable=True)
    query.setlist("connection", [str(pk) for pk in drawn])
    for name in ("window", "from", "to"):
        if value := shared.get(name):
            query[name] = value
    query["vantage"] = vantage
    return query.urlencode()


def _chips(shared: QueryDict, filters: Filters, window: Window, named: dict[int, Connection]) -> list[Chip]:
    found = []
    for pk in filters.connections[:MOST_CHIPS]:
        left = shared.copy()
        left.setlist("connection", [text for text in left.getlist("connection") if text != str(pk)])
        text = named[pk].name if pk in named else f"deleted connection {pk}"
        found.append(Chip(text, link(left)))
    if (more := len(filters.connections) - MOST_CHIPS) > 0:
        left = shared.copy()
        left.setlist("connection", [str(pk) for pk in filters.connections[:MOST_CHIPS]])
        found.append(Chip(f"{more} more connections", link(left)))
    words: dict[str, Any] = {
        "provider": dict(Provider.choices),
        "kind": dict(Kind.choices),
        "outcome": OUTCOMES,
    }
    for field in fields(Filters):
        value = getattr(filters, field.name)
        if field.name != "connections" and value:
            text = f"{field.name}: {words.get(field.name, {}).get(value, value)}"
            found.append(Chip(text, link(without(shared, field.name))))
    if not window.name:
        found.append(Chip(f"time: {window.phrase}", link(without(shared, "window", "from", "to"))))
    return found


def names() -> QuerySet[Connection, str]:
    """Names of connections to offer while somebody types one."""
    return Connection.objects.for_list().values_list("name", flat=True)[:NAMES_OFFERED]


def choices() -> dict[str, object]:
    """What the filters can be set to. Only what some connection has is offered."""
    providers = Connection.objects.order_by("provider").values_list("provider", flat=True).distinct()
    labels = dict(Provider.choices)
    return {
        "names": names(),
        "regions": Region.objects.filter(connections__isnull=False).distinct(),
        "providers": [(value, labels[value]) for value in providers],
        "vantages": Vantage.objects.all(),
        "kinds": Kind.choices,
        "outcomes": OUTCOMES.items(),
        "errors": sorted(HINTS),
        "windows": [(name, f"Last {WORDS[name]}") for name in NAMED] + [(RANGE, "Range")],
    }
