"""One connection: its newest results, how a measure of it went, how far it is, what its server says of itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from django.conf import settings
from django.db.models import Max, Min

from assistant.evidence.changes import break_of
from assistant.evidence.fleet import NETWORK, Fleet, connection_page, listed, result_page
from assistant.evidence.standing import why
from assistant.facts import Fact, Figure, Part, Unit
from assistant.redact import quoted
from probes import history
from probes.atlas import Path
from probes.history import Filters, Values, Window
from probes.models import Kind, Measured, Result, Vantage

WHAT = {
    Kind.CONNECTION: "connection test",
    Kind.LATENCY: "latency test",
    Kind.LOAD: "load test",
    Kind.HEALTH: "health check",
}
_FIGURES: Mapping[str, tuple[str, Unit]] = {
    "query_ms": ("one round trip", "ms"),
    "total_ms": ("new connection", "ms"),
    "dns_ms": ("DNS", "ms"),
    "tcp_ms": ("TCP", "ms"),
    "tls_ms": ("TLS", "ms"),
    "auth_ms": ("sign-in", "ms"),
    "samples": ("samples", "count"),
    "failures": ("failed samples", "count"),
    "p50_ms": ("p50", "ms"),
    "p95_ms": ("p95", "ms"),
    "p99_ms": ("p99", "ms"),
    "max_ms": ("longest", "ms"),
    "rate": ("rate", "/s"),
}


def latest(fleet: Fleet, pk: int) -> Iterator[Fact]:
    """The newest result of each kind from the home vantage, health checks apart."""
    for kind in (Kind.CONNECTION, Kind.LATENCY, Kind.LOAD):
        result = history.latest_of([pk], settings.VANTAGE, kind).get(pk)
        if result:
            yield _result(fleet, pk, result, settings.VANTAGE)


def newest(fleet: Fleet, pk: int, window: Window, kind: str, most: int) -> Iterator[Fact]:
    """The newest results of one connection from any vantage."""
    for result in history.newest_checks(Filters(connections=(pk,), kind=kind), window, most).results:
        yield _result(fleet, pk, result, result.vantage)


def _result(fleet: Fleet, pk: int, result: Measured, vantage: str) -> Fact:
    figures = [
        (f"{words} ", Figure(value, unit))
        for name, (words, unit) in _FIGURES.items()
        if (value := getattr(result, name)) is not None
    ]
    busy = ", while our own machine was busy" if result.strained else ""
    said: list[Part]
    if result.ok:
        said = [" worked", *((": ", *listed(figures)) if figures else ()), f"{busy}."]
    else:
        measured = (" Measured until then: ", *listed(figures), ".") if figures else ()
        said = [f" failed{busy}: ", *why(fleet, pk, result), *measured]
    return Fact.of(
        fleet.name(pk),
        f": {WHAT[Kind(result.kind)]} from {vantage} at ",
        result.finished_at,
        *said,
        url=result_page(pk, result.run_id, vantage),
        name=fleet.name(pk),
    )


@dataclass(frozen=True)
class Told:
    """How a measure of the history, a column of it, is told."""

    column: str
    title: str
    unit: Unit
    kinds: tuple[str, ...]
    scale: float = 1.0


MEASURES: Mapping[str, Told] = {
    "latency_p50": Told("p50_ms", "median latency", "ms", NETWORK),
    "latency_p95": Told("p95_ms", "p95 latency", "ms", NETWORK),
    "latency_p99": Told("p99_ms", "p99 latency", "ms", NETWORK),
    "connect_time": Told("total_ms", "time of a new connection", "ms", NETWORK),
    "cache_hits": Told("cache_hit_ratio", "cache hits", "%", (Kind.HEALTH,), 100.0),
    "connections_used": Told("connections_used", "connections used", "count", (Kind.HEALTH,)),
    "size": Told("size_bytes", "size", "bytes", (Kind.HEALTH,)),
    "replication_lag": Told("lag_seconds", "replication lag", "ms", (Kind.HEALTH,), 1_000.0),
}


def course(fleet: Fleet, pk: int, measure: str, window: Window, vantage: str) -> Iterator[Fact]:
    """How a measure went: least, most, mean, first, last, and where it changed most clearly."""
    told = MEASURES[measure]
    found = history.series_of([pk], window, [told.column], kinds=told.kinds, vantages=[vantage])
    values: Values = [None if one is None else one * told.scale for one in found.of[pk][told.column]]
    known = [(place, one) for place, one in enumerate(values) if one is not None]
    url = connection_page(pk, window.name)
    about = f": {told.title} {window.phrase}, from {vantage}"
    if not known:
        yield Fact.of(fleet.name(pk), f"{about}: nothing was measured.", url=url, name=fleet.name(pk))
        return
    numbers = [value for _, value in known]
    first, last, mean = (Figure(one, told.unit) for one in (numbers[0], numbers[-1], fmean(numbers)))
    least, most = (
        (Figure(value, told.unit), " at ", found.buckets.starts()[place])
        for place, value in (min(known, key=lambda one: one[1]), max(known, key=lambda one: one[1]))
    )
    parts: list[Part] = [f"{about}: first ", first, ", last ", last, ", mean ", mean, ", least ", *least]
    yield Fact.of(fleet.name(pk), *parts, ", most ", *most, ".", url=url, name=fleet.name(pk))
    broken = break_of(values)
    if broken:
        yield Fact.of(
            fleet.name(pk),
            f": its {told.title} changed most clearly about ",
            found.buckets.starts()[broken.place],
            ": mean before ",
            Figure(broken.before, told.unit),
            ", since then ",
            Figure(broken.after, told.unit),
            ".",
            url=url,
            name=fleet.name(pk),
        )


def distance(fleet: Fleet, pk: int) -> Iterator[Fact]:
    """How far it is from the home vantage, and what light in fibre needs for that."""
    connection, glance = fleet.connections[pk], fleet.glances.get(pk)
    home = Vantage.objects.select_related("region").filter(code=settings.VANTAGE).first()
    path = Path.between(home.region if home else None, connection.region)
    if path is None or path.floor_ms is None or connection.simulated:
        return
    measured = glance.query_ms if glance and glance.ok and not glance.strained else None
    ratio = path.ratio(measured) if measured is not None else None
    yield Fact.of(
        fleet.name(pk),
        f" lies {path.distance} from the home vantage; light in fibre needs ",
        Figure(path.floor_ms, "ms"),
        " there and back",
        *((", and the last round trip took ", Figure(ratio, "x"), " that") if ratio else ()),
        ".",
        url=connection_page(pk),
        name=fleet.name(pk),
    )


def servers(fleet: Fleet, pk: int) -> Iterator[Fact]:
    """What the server said it is in the last eight days, and from when to when: an upgrade or a failover shows here."""
    seen = (
        Result.objects.filter(connection_id=pk, ok=True, issued_at__gte=fleet.usual_window.start)
        .exclude(server_version="")
        .order_by()
        .values("server_version", "in_recovery", "pooler")
        .annotate(first=Min("issued_at"), last=Max("issued_at"))
        .order_by("first")
    )
    for one in seen[:5]:
        role = {True: ", a replica", False: ", a primary", None: ""}[one["in_recovery"]]
        yield Fact.of(
            fleet.name(pk),
            ": server version ",
            quoted(one["server_version"]),
            role,
            *((", through the pooler ", quoted(one["pooler"])) if one["pooler"] else ()),
            ", seen from ",
            one["first"],
            " to ",
            one["last"],
            ".",
            url=connection_page(pk, "7d"),
            name=fleet.name(pk),
        )
