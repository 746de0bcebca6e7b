"""The history as the figures of a page draw it: one JSON object a chart."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings

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


def vantage_for(connection_ids: Sequence[int], window: Window) -> str:
    """Where charts look from when nobody says: home, unless these connections were tested from elsewhere only."""
    seen = history.vantages_of(connection_ids, window)
    return settings.VANTAGE if settings.VANTAGE in seen or not seen else seen[0]


def chart(name: str, connections: Sequence[Connection], window: Window, vantage: str) -> Json:
    """One of `TITLES` for one or several connections as seen from a vantage. Raises `Refused`."""
    if name not in TITLES:
        raise Refused(f"There is no such chart; there are {', '.join(TITLES)}.")
    if len(connections) > MOST_CONNECTIONS:
        raise Refused(f"A chart shows at most {MOST_CONNECTIONS} connections.")
    return {**_figures(name, connections, window, vantage), "origin": _origin(connections)}


def _figures(name: str, connections: Sequence[Connection], window: Window, vantage: str) -> Json:
    if name == ERRORS:
        drawn = _errors(connections, window, vantage)
    elif len(connections) == 1:
        drawn = _of_one(CHARTS[name], connections[0], window, vantage)
    else:
        drawn = _of_many(CHARTS[name], connections, window, vantage)
    return {
        **drawn,
        "title": f"{drawn['title']} from {vantage}",
        "x_kind": "time",
        "from": int(window.start.timestamp()),
        "to": window.end.timestamp(),
        "empty": _sentence(vantage, drawn["empty"], window),
    }


def _sentence(vantage: str, what: str, window: Window) -> str:
    return f"From {vantage}, {what} {window.phrase}."


def _origin(connections: Sequence[Connection]) -> str:
    """What to say beside the title of figures that were not all measured."""
    made_up = [one for one in connections if one.synthetic]
    if not made_up:
        return ""
    return "synthetic" if len(made_up) == len(connections) else "partly synthetic"


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
    checks, good = columns["checks"], columns["good"]
    starts = _in_plot(found.buckets, window)
    marks = _marks(starts, checks, good) if spec.marked else []
    more = {**spec.more, "marks": marks, "empty": _why_empty(checks, good)}
    return _drawn(spec.title, spec.unit, found.buckets, starts, checks, lines, more)


def _of_many(spec: Chart, connections: Sequence[Connection], window: Window, vantage: str) -> Json:
    ids = [connection.pk for connection in connections]
    found = history.series_of(
        ids, window, [spec.of_many, "checks", "good"], kinds=spec.kinds, vantages=[vantage]
    )
    lines = [
        {"label": one.name, "role": "plain", "values": _scaled(found.of[one.pk][spec.of_many], spec.scale)}
        for one in connections
    ]
    checks, good = (_total(found.of[pk][name] for pk in ids) for name in ("checks", "good"))
    more = {"empty": _why_empty(checks, good)}
    return _drawn(
        spec.title_of_many, spec.unit, found.buckets, _in_plot(found.buckets, window), checks, lines, more
    )


def _errors(connections: Sequence[Connection], window: Window, vantage: str) -> Json:
    found = history.failures_of([connection.pk for connection in connections], window, vantages=[vantage])
    lines = [{"label": code, "role": "plain", "values": values} for code, values in found.of.items()]
    more = {"stacked": True, "draw": "bars", "empty": "nothing failed"}
    # A first bar that began in the plot would lie closer to the next one, and the closest two say how wide all are.
    starts = [int(start.timestamp()) for start in found.buckets.starts()]
    return _drawn(TITLES[ERRORS], "count", found.buckets, starts, _total(found.of.values()), lines, more)


def _total(columns: Iterable[Values]) -> Values:
    return [sum(value or 0 for value in values) for values in zip(*columns, strict=True)]


def _in_plot(buckets: Buckets, window: Window) -> list[int]:
    """Where each bucket is drawn: where it begins, but for the first, which may begin before the window does."""
    return [int(max(start, window.start).timestamp()) for start in buckets.starts()]


def _why_empty(checks: Values, good: Values) -> str:
    if not any(checks):
        return "nothing was measured"
    return "no check gave this figure" if any(good) else "every check failed"


def _scaled(values: Values, scale: float) -> Values:
    return [value if value is None or scale == 1 else value * scale for value in values]


def _drawn(
    title: str,
    unit: str,
    buckets: Buckets,
    starts: Sequence[int],
    counts: Values,
    lines: Sequence[Json],
    more: Json,
) -> Json:
    """Only buckets that count something are sent: one without a value failed, and breaks the lines.

    Where nothing was tested there is no bucket, which ``gap_seconds`` tells.
    """
    filled = [place for place, count in enumerate(counts) if count]
    x = [starts[place] for place in filled]
    return {
        "title": title,
        "unit": unit,
        "x": x,
        "series": [{**line, "values": [_short(line["values"][place]) for place in filled]} for line in lines],
        "gap_seconds": _gap(x, buckets.width.total_seconds()),
        **more,
    }


def _short(value: float | None) -> float | None:
    """Six figures are finer than any screen, and half the bytes."""
    return None if value is None else float(f"{value:.6g}")


def _gap(x: Sequence[int], width: float) -> float:
    steps = [later - earlier for earlier, later in itertools.pairwise(x)]
    return GAP * max(width, median(steps) if steps else 0)


def _marks(starts: Sequence[int], checks: Values, good: Values) -> list[Json]:
    """Where failing began: one mark for each stretch of buckets with a failure, the newest when they are many."""
    found: list[Json] = []
    failing = False
    for start, tried, worked in zip(starts, checks, good, strict=True):
        if not tried:
            continue
        failed = int(tried - (worked or 0))
        if failed and not failing:
            label = f"{failed} of {int(tried)} failed"
            found.append({"x": start, "label": label, "role": "error"})
        failing = failed > 0
    return found[-MOST_MARKS:]


_SAYS = {
    "good": "All of {checks} checks worked",
    "partly": "{good} of {checks} checks worked",
    "bad": "None of {checks} checks worked",
    "none": "Nothing was measured",
    "ours": "Our own side failed, so nothing is known",
}


def strip(cells: Iterable[Cell], window: Window, vantage: str) -> Json:
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
    empty = _sentence(vantage, "nothing was measured", window)
    return {"title": f"Success from {vantage}", "cells": drawn, "empty": empty}
