"""What health checks found: verdicts, the rows behind them, and the statements that take the time."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from assistant.evidence.fleet import Fleet, connection_page, listed, result_page
from assistant.facts import Fact, Figure, Part, Unit
from assistant.redact import quoted
from probes import history
from probes.models import Kind, Measured
from probes.telling.words import VERDICTS, sorted_checks, verdicts

MOST_ROWS = 3
_STATEMENTS = ("query", "blocking_query")
_USERS = ("user", "blocking_user", "application")
_HOSTS = ("address",)
_NUMBERS = ("pid", "blocking_pid", "by_total", "by_mean", "by_calls")
"""What is a number and tells nothing."""
_OF_STATEMENT: Mapping[str, Unit] = {
    "calls": "count",
    "total_ms": "ms",
    "mean_ms": "ms",
    "rows": "count",
    "share": "%",
}
_UNITS: Mapping[str, tuple[Unit, float]] = {
    "ms": ("ms", 1),
    "s": ("ms", 1_000),
    "days": ("ms", 86_400_000),
    "%": ("%", 1),
    "bytes": ("bytes", 1),
    "/s": ("/s", 1),
}


def concerns(fleet: Fleet) -> Iterator[Fact]:
    """Every verdict to act on or to watch, connection by connection, the gravest first."""
    for found in history.worst_verdicts(fleet.connections, settings.VANTAGE):
        for check in found.checks:
            yield _verdict(fleet, found.connection_id, check, found.run_id)


def summary(fleet: Fleet, pk: int) -> Iterator[Fact]:
    """The newest health check of one connection in short, then what it found to act on or to watch."""
    result = _newest(pk)
    if result is not None:
        yield _in_short(fleet, pk, result)
        yield from concerns(fleet.alone(pk))


def report(fleet: Fleet, pk: int) -> Iterator[Fact]:
    """The newest health check of one connection, every verdict of it with some of its rows; or that there is none."""
    result = _newest(pk)
    if result is None:
        name = fleet.name(pk)
        yield Fact.of(name, ": its health was not checked yet.", url=connection_page(pk), name=name)
        return
    yield _in_short(fleet, pk, result)
    url = result_page(pk, result.run_id, settings.VANTAGE)
    for check in sorted_checks(result.detail):
        yield _verdict(fleet, pk, check, result.run_id)
        if check["key"] != "statements":
            yield from _rows(fleet, pk, check, url)


def _newest(pk: int) -> Measured | None:
    return history.latest_of([pk], settings.VANTAGE, Kind.HEALTH).get(pk)


def _in_short(fleet: Fleet, pk: int, result: Measured) -> Fact:
    found = verdicts(result)
    counts = [(Figure(found[verdict]), f" {verdict}") for verdict in VERDICTS if found[verdict]]
    return Fact.of(
        fleet.name(pk),
        ": health check of ",
        result.finished_at,
        *((": ", *listed(counts)) if result.ok else (f" failed with {result.error_code}",)),
        ".",
        *_figures(result),
        url=result_page(pk, result.run_id, settings.VANTAGE),
        name=fleet.name(pk),
    )


def statements(fleet: Fleet, pk: int, by: str = "total") -> Iterator[Fact]:
    """The statements that take most: ``by`` is ``total``, ``mean`` or ``calls``. Texts only if they may be told."""
    result = _newest(pk)
    if result is None:
        return
    check = next((one for one in result.detail.get("checks", ()) if one["key"] == "statements"), None)
    if check is None:
        return
    url = result_page(pk, result.run_id, settings.VANTAGE)
    ranked = [row for row in check["rows"] if row.get(f"by_{by}")]
    if not ranked:
        yield _verdict(fleet, pk, check, result.run_id)
    for row in sorted(ranked, key=lambda row: row[f"by_{by}"]):
        text = fleet.redact.statement(str(row.get("query") or ""), fleet.connections[pk])
        told = [
            (f"{name.removesuffix('_ms')} ", Figure(row[name], unit))
            for name, unit in _OF_STATEMENT.items()
            if isinstance(row.get(name), int | float)
        ]
        yield Fact.of(
            f"Statement number {row[f'by_{by}']} by {by} of ",
            fleet.name(pk),
            ": ",
            *((text,) if text else ("its text is not told",)),
            ": ",
            *listed(told),
            ".",
            url=url,
            name=fleet.name(pk),
        )


def _figures(result: Measured) -> list[Part]:
    """The main figures of a health result, as sentences."""
    said: list[Part] = []
    if result.cache_hit_ratio is not None:
        said += [" Cache hits ", Figure(100 * result.cache_hit_ratio, "%"), "."]
    if result.connections_used is not None and result.connections_limit is not None:
        said += [
            " Connections used ",
            Figure(result.connections_used),
            " of ",
            Figure(result.connections_limit),
            ".",
        ]
    if result.size_bytes is not None:
        said += [" Size ", Figure(result.size_bytes, "bytes"), "."]
    if result.lag_seconds is not None:
        said += [" Replication lag ", Figure(1000 * result.lag_seconds, "ms"), "."]
    return said


def _verdict(fleet: Fleet, pk: int, check: Mapping[str, Any], run_id: object) -> Fact:
    value = _value(check["value"], str(check.get("unit") or ""))
    return Fact.of(
        fleet.name(pk),
        f": {check['title']}: verdict {check['verdict']}",
        *((", ", *value) if value else ()),
        ". ",
        # Our own words, but they may name what the server does.
        fleet.told(check["hint"], pk),
        url=result_page(pk, run_id, settings.VANTAGE),
        name=fleet.name(pk),
    )


def _rows(fleet: Fleet, pk: int, check: Mapping[str, Any], url: str) -> Iterator[Fact]:
    for row in check["rows"][:MOST_ROWS]:
        cells = [cell for name, value in row.items() if (cell := _cell(fleet, pk, name, value))]
        if cells:
            parts = listed(cells)
            yield Fact.of(
                f"{check['title']} of ", fleet.name(pk), ": ", *parts, ".", url=url, name=fleet.name(pk)
            )


def _cell(fleet: Fleet, pk: int, name: str, value: Any) -> list[Part]:
    """One cell of a row with its name; nothing for what may not be told."""
    reader = fleet.redact.reader
    if name in _NUMBERS or value is None or value == "":
        return []
    if (name in _USERS and not reader.users) or (name in _HOSTS and not reader.hosts):
        return []
    if name in _STATEMENTS:
        text = fleet.redact.statement(str(value), fleet.connections[pk])
        return [f"{name.replace('_', ' ')} ", text] if text else []
    if isinstance(value, str):
        return [f"{name.replace('_', ' ')} ", fleet.told(value, pk)]
    ending = next((unit for unit in ("ms", "seconds", "bytes", "share") if name.endswith(unit)), "")
    known = {"seconds": "s", "share": "%"}.get(ending, ending)
    return [f"{name.removesuffix('_ms').replace('_', ' ')} ", *_value(value, known)]


def _value(value: Any, unit: str) -> list[Part]:
    """A value of a check with its unit, as parts."""
    match value:
        case None | "":
            return []
        case bool():
            return ["yes" if value else "no"]
        case int() | float() if unit in _UNITS:
            known, scale = _UNITS[unit]
            return [Figure(value * scale, known)]
        case int() | float():
            return [Figure(value), f" {unit}" if unit else ""]
        case _:
            return [quoted(str(value))]
