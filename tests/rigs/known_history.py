"""Eight days of a small fleet whose answers are known, tested every two hours.

tokyo-1 became 35.2 % slower four days ago, on a Tuesday; dublin-1 is down since three and a half hours and has a new
version since two days; sydney-1 fails one time in six; frankfurt-1 is well but for its health check; lima-1 was never
tested; paris-1 is slow all the time, and its one failure is our own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from connections.models import Connection, Region
from probes.models import Kind, Latest, Result, Vantage
from tests.rigs.results import result

HOUR = timedelta(hours=1)
HOURS = 8 * 24
STEP = 2
NOW = datetime(2026, 3, 14, 12, 40, tzinfo=UTC)
"""A Saturday."""
SLOWER_SINCE = 96
"""Hours ago."""

REFUSED: dict[str, Any] = {
    "ok": False,
    "error_code": "tcp_refused",
    "error_phase": "tcp",
    "message": 'connection to server at "dublin.example.internal" (10.1.2.3), port 5432 failed for user "keeper"',
}
FULL: dict[str, Any] = {
    "ok": False,
    "error_code": "too_many_connections",
    "error_phase": "auth",
    "sqlstate": "53300",
    "message": "sorry, too many clients already",
}
OURS: dict[str, Any] = {
    "ok": False,
    "error_code": "dns_timeout",
    "error_phase": "dns",
    "message": "no answer",
}


def check(
    key: str, title: str, verdict: str, value: Any, unit: str, hint: str, rows: Any = ()
) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "verdict": verdict,
        "value": value,
        "unit": unit,
        "hint": hint,
        "needs": "",
        "caveat": "",
        "rows": list(rows),
    }


STATEMENTS = [
    {
        "query": "SELECT * FROM orders WHERE customer = 'Ms Secret' AND id = 4711",
        "calls": 1200,
        "total_ms": 90_000.0,
        "mean_ms": 75.0,
        "rows": 1200,
        "share": 61.5,
        "by_total": 1,
        "by_mean": 2,
        "by_calls": 2,
    },
    {
        "query": "UPDATE stock SET amount = amount - $1",
        "calls": 50_000,
        "total_ms": 20_000.0,
        "mean_ms": 0.4,
        "rows": 50_000,
        "share": 13.7,
        "by_total": 2,
        "by_mean": 3,
        "by_calls": 1,
    },
    {
        "query": "REFRESH MATERIALIZED VIEW totals",
        "calls": 3,
        "total_ms": 15_000.0,
        "mean_ms": 5_000.0,
        "rows": 0,
        "share": 10.3,
        "by_total": 3,
        "by_mean": 1,
        "by_calls": 3,
    },
]
CHECKS = [
    check(
        "connections", "Connections", "watch", 83.0, "%", "83 of 100 connections are used. Close idle ones."
    ),
    check(
        "wraparound",
        "Transaction ids",
        "act",
        91.5,
        "%",
        "Run VACUUM FREEZE on the oldest tables.",
        [{"database": "shop", "xid_age": 1_950_000_000}],
    ),
    check("statements", "Top statements", "good", 2.44, "ms", "The mean time of all statements.", STATEMENTS),
    check(
        "long_transactions",
        "Long transactions",
        "good",
        12,
        "s",
        "The longest.",
        [{"pid": 77, "seconds": 12, "user": "keeper", "query": "SELECT 1 WHERE name = 'Ms Secret'"}],
    ),
    check("cache_hits", "Cache hits", "good", 98.5, "%", "Most reads come from memory."),
]
HEALTH: dict[str, Any] = {
    "kind": Kind.HEALTH,
    "cache_hit_ratio": 0.985,
    "connections_used": 83,
    "connections_limit": 100,
    "size_bytes": 3_674_210_304,
    "server_version": "17.4",
    "detail": {"checks": CHECKS},
}


@dataclass
class Known:
    """The fleet by name, and when it was looked at."""

    now: datetime
    of: dict[str, Connection] = field(default_factory=dict)
    runs: dict[str, UUID] = field(default_factory=dict)
    """The run of the newest connection test of each."""


def known_history(now: datetime = NOW) -> Known:
    """Makes it, in a few statements."""
    known = Known(now)
    places = {
        "tokyo-1": ("Tokyo", "JP", 35.69, 139.69),
        "dublin-1": ("Dublin", "IE", 53.33, -6.25),
        "sydney-1": ("Sydney", "AU", -33.87, 151.21),
        "frankfurt-1": ("Frankfurt", "DE", 50.11, 8.68),
        "lima-1": ("Lima", "PE", -12.05, -77.04),
        "paris-1": ("Paris", "FR", 48.86, 2.35),
    }
    for name, (city, country, latitude, longitude) in places.items():
        code = f"test-{city.lower()}"
        region = Region.objects.create(
            code=code, name=code, city=city, country=country, latitude=latitude, longitude=longitude
        )
        known.of[name] = Connection(
            name=name,
            host=f"{city.lower()}.example.internal",
            database="shop",
            username="keeper",
            region=region,
            provider="aws",
        )
    Connection.objects.bulk_create(known.of.values())
    Vantage.objects.create(code="home", region=known.of["frankfurt-1"].region)
    Vantage.objects.create(code="osaka")
    rows = [row for name in places for row in _results(known, name)]
    Result.objects.bulk_create(rows)
    Latest.objects.bulk_create(_latest(known, rows))
    return known


@contextmanager
def kept_for_a_while() -> Iterator[Known]:
    """The history for many tests: it is rolled back at the end."""
    with transaction.atomic():
        yield known_history()
        transaction.set_rollback(True)


def _results(known: Known, name: str) -> Iterator[Result]:
    pk = known.of[name].pk
    for ago in range(HOURS, 0, -STEP):
        at = known.now - ago * HOUR + timedelta(minutes=30)
        for fields in _tests(name, ago):
            yield result(pk, at, **fields)
    if name == "frankfurt-1":
        yield result(pk, known.now - HOUR, ok=True, **{**dict.fromkeys(("query_ms", "total_ms")), **HEALTH})


def _tests(name: str, ago: int) -> Iterator[dict[str, Any]]:
    """What was found so many hours ago."""
    match name:
        case "tokyo-1":
            slower = ago <= SLOWER_SINCE
            tcp = 230.0 if slower else 170.0
            yield {
                "query_ms": 231.4 if slower else 171.2,
                "tcp_ms": tcp,
                "total_ms": 2 * tcp,
                "server_version": "16.2",
            }
            yield {"query_ms": 12.5, "vantage": "osaka", "server_version": "16.2"}
        case "dublin-1":
            yield (
                REFUSED if ago <= 4 else {"query_ms": 25.0, "server_version": "15.6" if ago > 48 else "17.4"}
            )
        case "sydney-1":
            yield FULL if ago % 12 == 10 else {"query_ms": 180.0}
        case "frankfurt-1":
            yield {"query_ms": 2.31}
        case "paris-1":
            yield OURS if ago == 8 else {"query_ms": 305.0}


def _latest(known: Known, rows: list[Result]) -> Iterator[Latest]:
    newest = {(row.connection_id, row.vantage, row.kind): row for row in rows}
    columns = [field.name for field in Latest._meta.concrete_fields if field.name not in ("id", "connection")]
    names = {one.pk: name for name, one in known.of.items()}
    for row in newest.values():
        if row.kind == Kind.CONNECTION and row.vantage == "home":
            known.runs[names[row.connection_id]] = row.run_id
        yield Latest(connection_id=row.connection_id, **{name: getattr(row, name) for name in columns})
