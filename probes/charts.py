"""The history as the figures of a page draw it: one JSON object a chart."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from connections.models import Connection
from probes import history
from probes.history import Buckets, Cell, Refused, Values, Window
from probes.models import Kind

MOST_CONNECTIONS = 8
MOST_MARKS = 40
GAP = 2.5
"""A line breaks where two values lie further apart than this many times the usual distance."""

Json = dict[str, Any]
NETWORK = (Kind.CONNECTION, Kind.LATENCY)
"""Kinds whose latency is that of the network; under load it is another thing."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """``of_one`` are the measures of one connection as (name, label, role), ``of_many`` the one that compares several.

    ``marked`` charts show where failing began.
    """

    title: str
    unit: str
    kinds: Sequence[str]
    of_one: Sequence[tuple[str, str, str]]
    of_many: str
    title_of_many: str
    scale: float = 1.0
    marked: bool = False
    more: Mapping[str, Any]


CHARTS: Mapping[str, Chart] = {
    "latency": Chart(
        title="Latency",
        unit="ms",
        kinds=NETWORK,
        of_one=[("p50_ms", "p50", "p50"), ("p95_ms", "p95", "p95"), ("p99_ms", "p99", "p99")],
        of_many="p50_ms",
        title_of_many="Latency, p50",
        marked=True,
        more={"band": ["p50", "p99"]},
    ),
    "phases": Chart(
        title="Where the time goes",
        unit="ms",
        kinds=NETWORK,
        of_one=[
            ("dns_ms", "DNS", "dns"),
            ("tcp_ms", "TCP", "tcp"),
            ("tls_ms", "TLS", "tls"),
            ("auth_ms", "Sign-in", "auth"),
            ("query_ms", "Query", "query"),
        ],
        of_many="total_ms",
        title_of_many="New connection",
        more={"stacked": True},
    ),
    "cache": Chart(
        title="Cache hits",
        unit="%",
        kinds=(Kind.HEALTH,),
        of_one=[("cache_hit_ratio", "Cache hits", "ok")],
        of_many="cache_hit_ratio",
        title_of_many="Cache hits",
        scale=100.0,
        more={"from_zero": False},
    ),
    "connections": Chart(
        title="Connections",
        unit="count",
        kinds=(Kind.HEALTH,),
        of_one=[("connections_used", "Used", "rate"), ("connections_limit", "Limit", "error")],
        of_many="connections_used",
        title_of_many="Connections used",
        more={},
    ),
    "checks": Chart(
        title="Checks",
        unit="count",
        kinds=(),
        of_one=[("checks", "Checks", "plain")],
        of_many="checks",
        title_of_many="Checks",
        more={},
    ),
}
ERRORS = "errors"
TITLES: Mapping[str, str] = {**{name: spec.title for name, spec in CHARTS.items()}, ERRORS: "Errors by cause"}


def chart(name: str, connections: Sequence[Connection], window: Window, vantage: str) -> Json:
    """One of `TITLES` for one or several connections as seen from a vantage. Raises `Refused`."""
    if name not in TITLES:
        raise Refused(f"There is no such chart; there are {', '.join(TITLES)}.")
    if len(connections) > MOST_CONNECTIONS:
        raise Refused(f"A chart shows at most {MOST_CONNECTIONS} connections.")
    if name == ERRORS:
        return _errors(connections, window, vantage)
    if len(connections) == 1:
        return _of_one(CHARTS[name], connections[0], window, vantage)
    return _of_many(CHARTS[name], connections, window, vantage)


def _of_one(spec: Chart, connection: Connection, window: Window, vantage: str) -> Json:
    names = [name for name, _, _ in spec.of_one]
    found = history.series_of(
        [connection.pk], window, [*names, "checks", "good"], kinds=spec.kinds, vantages=[vantage]
    )
    columns = found.of[connection.pk]
    lines = [
        {"label": label, "role": role, "values": _scaled(columns[name], spec.scale)}
        for name, label, role in spec.of_one
    ]
    marks = _marks(found.buckets, columns["checks"], columns["good"]) if spec.marked else []
    return _drawn(spec.title, spec.unit, window, found.buckets, lines, {**spec.more, "marks": marks})


def _of_many(spec: Chart, connections: Sequence[Connection], window: Window, vantage: str) -> Json:
    ids = [connection.pk for connection in connections]
    found = history.series_of(ids, window, [spec.of_many], kinds=spec.kinds, vantages=[vantage])
    lines = [
        {"label": one.name, "role": "plain", "values": _scaled(found.of[one.pk][spec.of_many], spec.scale)}
        for one in connections
    ]
    return _drawn(spec.title_of_many, spec.unit, window, found.buckets, lines, {})


def _errors(connections: Sequence[Connection], window: Window, vantage: str) -> Json:
    found = history.failures_of([connection.pk for connection in connections], window, vantages=[vantage])
    lines = [{"label": code, "role": "plain", "values": values} for code, values in found.of.items()]
    more = {"stacked": True, "draw": "bars", "empty": "Nothing failed in this time."}
    return _drawn(TITLES[ERRORS], "count", window, found.buckets, lines, more)


def _scaled(values: Values, scale: float) -> Values:
    return [value if value is None or scale == 1 else value * scale for value in values]


def _drawn(
    title: str, unit: str, window: Window, buckets: Buckets, lines: Sequence[Json], more: Json
) -> Json:
    """Only buckets with a value are sent; what is missing between them is told by ``gap_seconds``."""
    filled = [
        place for place in range(buckets.count) if any(line["values"][place] is not None for line in lines)
    ]
    starts = buckets.starts()
    x = [int(starts[place].timestamp()) for place in filled]
    return {
        "title": title,
        "unit": unit,
        "x_kind": "time",
        "x": x,
        "from": window.start.timestamp(),
        "to": window.end.timestamp(),
        "series": [{**line, "values": [_short(line["values"][place]) for place in filled]} for line in lines],
        "gap_seconds": _gap(x, buckets.width.total_seconds()),
        "empty": f"Nothing was measured {window.phrase}.",
        **more,
    }


def _short(value: float | None) -> float | None:
    """Six figures are finer than any screen, and half the bytes."""
    return None if value is None else float(f"{value:.6g}")


def _gap(x: Sequence[int], width: float) -> float:
    steps = [later - earlier for earlier, later in itertools.pairwise(x)]
    return GAP * max(width, median(steps) if steps else 0)


def _marks(buckets: Buckets, checks: Values, good: Values) -> list[Json]:
    """Where failing began: one mark for each stretch of buckets with a failure, the newest when they are many."""
    found: list[Json] = []
    failing = False
    for start, tried, worked in zip(buckets.starts(), checks, good, strict=True):
        if not tried:
            continue
        failed = int(tried - (worked or 0))
        if failed and not failing:
            label = f"{failed} of {int(tried)} failed"
            found.append({"x": int(start.timestamp()), "label": label, "role": "error"})
        failing = failed > 0
    return found[-MOST_MARKS:]


_SAYS = {
    "good": "All of {checks} checks worked",
    "partly": "{good} of {checks} checks worked",
    "bad": "None of {checks} checks worked",
    "none": "Nothing was measured",
    "ours": "Our own side failed, so nothing is known",
}


def strip(cells: Iterable[Cell], window: Window) -> Json:
    """The success of one connection, cell by cell, as a status page shows it."""
    drawn = [
        {
            "from": int(cell.start.timestamp()),
            "to": int(cell.end.timestamp()),
            "state": cell.state.value,
            "text": _SAYS[cell.state].format(checks=cell.share.checks, good=cell.share.good),
        }
        for cell in cells
    ]
    return {"title": "Success", "cells": drawn, "empty": f"Nothing was measured {window.phrase}."}
