"""What the lists show: each connection with its state, the totals, the runs under way. A few queries, however many rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.utils import timezone

from connections.models import Connection, Provider
from probes import history
from probes.history.glances import Glance, glances_of
from probes.history.trends import Trend, failing_since, trends_of
from probes.models import Job, Kind, Measured, Result, Run
from probes.states import State, state_of
from probes.templatetags.figures import latency_class

FEED_LENGTH = 20
MOST_SHARES = 4
"""Providers, and regions, of which the totals are shown beside the list; the others are counted."""
_PROVIDERS = dict(Provider.choices)


@dataclass(frozen=True)
class Row:
    """A connection in a list. ``since`` is when it failed first, for one that is down and was tested in the last day."""

    connection: Connection
    latest: Glance | None
    pending: bool = False
    trend: Trend | None = None
    since: datetime | None = None

    @property
    def state(self) -> State:
        return state_of(self.latest)

    @property
    def for_longer(self) -> bool:
        """Whether it was down already when the day began that ``since`` was looked for in."""
        return bool(self.since and self.trend and self.trend.last_good is None and 0 in self.trend.failed)

    @property
    def provider(self) -> str:
        return _PROVIDERS[self.connection.provider]

    @property
    def grade(self) -> str:
        """The class that colours its latency; none while our own machine was too busy to tell."""
        if self.latest is None:
            return latency_class(None)
        return "" if self.latest.strained else latency_class(self.latest.query_ms)


@dataclass(frozen=True)
class Item:
    """One probe of one connection; no result while it is under way, or when its run was stopped before it.

    ``report`` is how far it is (see `probes.progress`), when it told so.
    """

    connection: Connection
    vantage: str
    result: Result | None
    report: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Tile:
    state: State
    count: int


@dataclass(frozen=True)
class Share:
    """How many connections of one provider or region are in each state. ``code`` is what filters by it, "" for none."""

    code: str
    label: str
    counts: Sequence[Tile]

    @property
    def trouble(self) -> tuple[int, int]:
        """Sorts those with the most that is down first, then those with the most that is slow."""
        of = {tile.state: tile.count for tile in self.counts}
        return -of[State.UNHEALTHY], -of[State.SLOW]


@dataclass(frozen=True)
class Shares:
    """Those in trouble first, then by name; ``more`` are not among them."""

    listed: Sequence[Share]
    more: int


@dataclass(frozen=True)
class Totals:
    """The active connections by state: all of them, by provider, and by region."""

    tiles: Sequence[Tile]
    by_provider: Shares
    by_region: Shares

    @classmethod
    def of_fleet(cls) -> Self:
        groups = history.totals(settings.VANTAGE, Kind.CONNECTION)
        return cls(
            tiles=_tiles((group.state, group.count) for group in groups),
            by_provider=_shares(
                ((one.provider, _PROVIDERS[one.provider]), one.state, one.count) for one in groups
            ),
            by_region=_shares(
                ((one.region or "", one.region_name or "No region"), one.state, one.count) for one in groups
            ),
        )


def _tiles(groups: Iterable[tuple[str, int]]) -> list[Tile]:
    counts = dict.fromkeys(State, 0)
    for state, count in groups:
        counts[State.of_value(state)] += count
    return [Tile(state, count) for state, count in counts.items()]


def _shares(groups: Iterable[tuple[tuple[str, str], str, int]]) -> Shares:
    by_key: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for key, state, count in groups:
        by_key.setdefault(key, []).append((state, count))
    found = [Share(code, label, _tiles(counts)) for (code, label), counts in by_key.items()]
    found.sort(key=lambda share: (share.trouble, share.label, share.code))
    return Shares(found[:MOST_SHARES], max(0, len(found) - MOST_SHARES))


def rows_of(connections: Iterable[Connection]) -> list[Row]:
    """The connections in their order, each with its newest connection test from the home vantage and its last day.

    As many queries for a thousand connections as for one.
    """
    listed = list(connections)
    if not listed:
        return []
    ids = [one.pk for one in listed]
    latest = glances_of(ids, settings.VANTAGE, Kind.CONNECTION)
    trends = trends_of(ids, timezone.now(), kind=Kind.CONNECTION, vantage=settings.VANTAGE)
    down = {pk: trend for pk, trend in trends.items() if state_of(latest.get(pk)) is State.UNHEALTHY}
    since = failing_since(down, kind=Kind.CONNECTION, vantage=settings.VANTAGE)
    pending = _pending()
    return [
        Row(one, latest.get(one.pk), one.pk in pending, trends.get(one.pk), since.get(one.pk))
        for one in listed
    ]


def _pending() -> set[int]:
    """The connections whose connection test was asked for and has no result yet."""
    waiting = Job.objects.filter(settled_at=None, run__finished_at=None, run__kind=Kind.CONNECTION)
    jobs = list(waiting.select_related("run"))
    if not jobs:
        return set()
    answered = history.answered(job.run for job in jobs)
    return {pk for job in jobs for pk in job.connection_ids if (job.run_id, pk) not in answered}


@dataclass(frozen=True)
class UnderWay:
    """The newest run that is under way, if any, and how many others are."""

    newest: Run | None
    others: int


def under_way() -> UnderWay:
    open_runs = Run.objects.open()
    newest = open_runs.first()
    return UnderWay(newest, max(0, open_runs.count() - 1) if newest else 0)


def targets_of(run: Run) -> set[tuple[str, int]]:
    """The pairs of vantage and connection id that a run asked for; deleted connections have left it."""
    jobs = run.jobs.values_list("vantage", "connection_ids")
    return {(vantage, pk) for vantage, ids in jobs for pk in ids}


def run_items(run: Run, reports: Mapping[tuple[int, str], Mapping[str, Any]]) -> list[Item]:
    """Every probe of the run whose connection still exists, failed ones first, then by name.

    ``reports`` is how far those are that have no result yet.
    """
    asked = targets_of(run)
    connections = Connection.objects.select_related("region").in_bulk({pk for _, pk in asked})
    results = {(one.vantage, one.connection_id): one for one in history.of_run(run)}
    items = [
        Item(connections[pk], vantage, results.get((vantage, pk)), reports.get((pk, vantage)))
        for vantage, pk in asked
        if pk in connections
    ]
    return sorted(
        items, key=lambda item: (not (item.result and not item.result.ok), item.connection.name.lower())
    )


def latest_by_kind(connection: Connection) -> dict[str, Measured]:
    """The newest result of each kind from the home vantage."""
    return history.latest_by_kind(connection.pk, settings.VANTAGE)


def outages(connection: Connection) -> list[history.Outage]:
    """When its connection tests from the home vantage failed, the newest first."""
    return history.outages_of(connection.pk, timezone.now(), kind=Kind.CONNECTION, vantage=settings.VANTAGE)


@dataclass(frozen=True)
class Side:
    """One of a pair of connections to the same database, with its newest result of each kind."""

    connection: Connection
    latest: Mapping[str, Measured]

    @property
    def hidden(self) -> list[Mapping[str, Any]]:
        """The health checks of which a pooler hides something, and what."""
        health = self.latest.get(Kind.HEALTH)
        return [check for check in health.detail.get("checks", ()) if check["caveat"]] if health else []


@dataclass(frozen=True)
class Pair:
    direct: Side
    pooled: Side


def pair_of(connection: Connection, latest: Mapping[str, Measured]) -> Pair | None:
    """The connection beside its twin; None without one, and when both go the same way."""
    twin = connection.twin
    if twin is None or twin.pooled == connection.pooled:
        return None
    mine, other = Side(connection, latest), Side(twin, latest_by_kind(twin))
    return Pair(other, mine) if connection.pooled else Pair(mine, other)


def feed() -> list[Item]:
    """The newest results, newest first."""
    results = history.newest(FEED_LENGTH)
    connections = Connection.objects.select_related("region").in_bulk({one.connection_id for one in results})
    return items_of(results, connections)


def items_of(results: Iterable[Result], connections: Mapping[int, Connection]) -> list[Item]:
    """The results whose connection is among those given."""
    return [
        Item(connections[one.connection_id], one.vantage, one)
        for one in results
        if one.connection_id in connections
    ]
