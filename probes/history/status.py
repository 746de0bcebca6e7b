"""What the history is kept on, how it is doing, and what the server lacks for more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from probes.history import editions, policies
from probes.history.editions import Edition, Layout
from probes.history.statements import statement
from probes.models import Purge, StaleHour, Upkeep

MOST_COUNTED = 100_000
ADOPT = "Run `manage.py history adopt`."


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What costs little to find out. ``rolled_up_until`` is None while nothing is rolled up.

    ``rows`` is the server's estimate; bytes are with indexes. ``policies`` are the community edition's: how far back each
    reaches. ``missing`` are sentences for an operator.
    """

    edition: str
    version: str
    hypertable: bool
    continuous_aggregate: bool
    rolled_up_until: datetime | None
    oldest_result: datetime | None
    connections_to_purge: int
    chunks: int
    compressed_chunks: int
    rows: int
    results_bytes: int
    rolled_up_bytes: int
    stale_hours: int
    policies: dict[str, timedelta]
    missing: list[str]


@dataclass(frozen=True, kw_only=True)
class Status(Brief):
    """``rows_to_purge`` are counted, up to `MOST_COUNTED`."""

    rows_to_purge: int


def brief() -> Brief:
    return Brief(**_brief())


def status() -> Status:
    return Status(**_brief(), **_row("rows_to_purge", {"most": MOST_COUNTED}))


def missing(layout: Layout) -> Iterator[str]:
    """What somebody could do so that the history is kept better, in the order in which to do it."""
    if layout.edition is Edition.PLAIN:
        server = _row("extension")
        if not server["installed"]:
            yield "TimescaleDB is not installed on the database server: install its package there."
        if not server["preloaded"]:
            yield "Unless it is loaded already, add timescaledb to shared_preload_libraries and restart the server."
        yield "As its superuser, in Meridian's database: `CREATE EXTENSION timescaledb`."
    if layout.edition is Edition.APACHE:
        yield (
            "The Apache edition neither compresses nor keeps continuous aggregates. The community edition does: "
            "install it on the database server and leave timescaledb.license at its default."
        )
    if layout.outdated:
        yield (
            "The continuous aggregate was made by another version of Meridian and still counts as that one did: it has "
            "to be made again."
        )
    if layout.edition is Edition.PLAIN or not layout.complete:
        yield ADOPT


def _brief() -> dict[str, Any]:
    layout = editions.look()
    upkeep = Upkeep.objects.first() or Upkeep()
    return {
        "edition": layout.edition.value,
        "version": layout.version,
        "hypertable": layout.hypertable,
        "continuous_aggregate": layout.aggregate,
        "rolled_up_until": policies.filled_until() if layout.aggregate else upkeep.watermark,
        "connections_to_purge": Purge.objects.count(),
        **_row("oldest"),
        **_row("status_chunks" if layout.hypertable else "status_table"),
        **_row("aggregate_bytes" if layout.aggregate else "rolled_up_bytes"),
        "stale_hours": StaleHour.objects.count(),
        "policies": policies.policies() if layout.aggregate else {},
        "missing": list(missing(layout)),
    }


def _row(name: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """The one row that a statement answers with, by column."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name), params)
        names = [column.name for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone(), strict=True))
