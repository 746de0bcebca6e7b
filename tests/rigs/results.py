"""Results as tests want them, written past the recorder."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from probes.models import Kind, Result, uuid7

GOOD: dict[str, Any] = {
    "ok": True,
    "dns_ms": 1.0,
    "tcp_ms": 2.0,
    "tls_ms": 3.0,
    "auth_ms": 4.0,
    "query_ms": 5.0,
    "total_ms": 15.0,
}
REFUSED: dict[str, Any] = {"ok": False, "error_code": "tcp_refused", "error_phase": "tcp"}
OURS: dict[str, Any] = {"ok": False, "error_code": "worker_lost", "error_phase": "worker"}


def result(connection_id: int, at: datetime, **fields: Any) -> Result:
    """A good connection test from the home vantage, unless the fields say otherwise. Not saved."""
    given = {"kind": Kind.CONNECTION, "vantage": "home", "run_id": uuid7(), **GOOD, **fields}
    if not given["ok"]:
        given = {name: value for name, value in given.items() if name not in GOOD or name == "ok"}
    return Result(
        connection_id=connection_id,
        issued_at=at,
        started_at=at,
        finished_at=at + timedelta(milliseconds=15),
        **given,
    )


def add(*results: Result) -> None:
    Result.objects.bulk_create(results)


def every(step: timedelta, start: datetime, count: int) -> Iterable[datetime]:
    return (start + number * step for number in range(count))
