"""Two results of one kind side by side: each figure then, now, and what that is more or less."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probes.models import Kind, Measured
from probes.telling.figures import NONE, count, fine, rate, share, volume

SAME = 0.02
"""A change by less than this share is none."""

Writer = Callable[[Any], str]
_LATENCIES: Sequence[tuple[str, str, Writer, int]] = [
    ("p50", "p50_ms", fine, -1),
    ("p95", "p95_ms", fine, -1),
    ("p99", "p99_ms", fine, -1),
    ("Longest", "max_ms", fine, -1),
]
_PHASES: Sequence[tuple[str, str, Writer, int]] = [
    ("DNS", "dns_ms", fine, -1),
    ("TCP", "tcp_ms", fine, -1),
    ("TLS", "tls_ms", fine, -1),
    ("Sign-in", "auth_ms", fine, -1),
    ("Query", "query_ms", fine, -1),
    ("Whole connection", "total_ms", fine, -1),
]
FIGURES: Mapping[str, Sequence[tuple[str, str, Writer, int]]] = {
    Kind.CONNECTION: _PHASES,
    Kind.LATENCY: [*_LATENCIES, ("Jitter", "stddev_ms", fine, -1), ("Failed", "failures", count, -1)],
    Kind.LOAD: [("Rate", "rate", rate, 1), *_LATENCIES, ("Failed", "failures", count, -1)],
    Kind.HEALTH: [
        ("Cache hits", "cache_hit_ratio", share, 1),
        ("Connections", "connections_used", count, 0),
        ("Size", "size_bytes", volume, 0),
    ],
}
"""By kind: the label, the column, how it is written, and 1 where more is better, -1 where less is, 0 where neither."""


@dataclass(frozen=True)
class Line:
    """``verdict`` is "better", "worse", "same", or "" where nobody can tell."""

    label: str
    before: str
    now: str
    change: str
    verdict: str


def compared(before: Measured, now: Measured) -> list[Line]:
    """Both are of one kind. Figures that neither has are left out."""
    found = []
    for label, column, written, wanted in FIGURES[now.kind]:
        old, new = getattr(before, column), getattr(now, column)
        if old is None and new is None:
            continue
        change = (new - old) / old if old and new is not None else None
        found.append(Line(label, written(old), written(new), _percent(change), _verdict(change, wanted)))
    return found


def _percent(change: float | None) -> str:
    if change is None:
        return NONE
    return "the same" if abs(change) < SAME else f"{change:+.0%}".replace("%", " %").replace("-", "\u2212")


def _verdict(change: float | None, wanted: int) -> str:
    if change is None or not wanted:
        return ""
    if abs(change) < SAME:
        return "same"
    return "better" if change * wanted > 0 else "worse"
