"""What a result gives to its charts and tables.

charts.js draws the reports of latency and load tests; a result's detail is told to it in the same form.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdrh.histogram import HdrHistogram

from probes.telling.figures import fine

MOST_ROWS = 600
_BOUNDS = (1, 2, 5)


@dataclass(frozen=True)
class Bin:
    """Answers that took more than the bin before it and at most ``most`` ms; ``width`` is of the fullest, 0 to 100."""

    most: float
    count: int
    share: float
    width: str

    @property
    def label(self) -> str:
        return fine(self.most)


def report_of(kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of a latency or load result as the last report of its progress."""
    if kind == "latency":
        return {"kind": kind, "samples": detail.get("samples", ()), "total": detail.get("planned", 0)}
    return {
        "kind": kind,
        "series": detail.get("series", ()),
        "steps": detail.get("steps", ()),
        "seconds": detail.get("elapsed"),
    }


def failed(errors: Mapping[str, int]) -> str:
    """``12 query_timeout, 3 connection_lost``."""
    return ", ".join(f"{count:,} {code}" for code, count in errors.items())


def table_rows(series: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """All seconds, or of more than `MOST_ROWS` evenly picked ones and each with failures: percentiles cannot be added up."""
    every = -(-len(series) // MOST_ROWS) or 1
    return [second for place, second in enumerate(series) if place % every == 0 or second.get("errors")]


def bins(encoded: str) -> list[Bin]:
    """An HDR histogram in microseconds, as the engine encodes it, in bins that end at 1, 2, 5, 10 … ms or less."""
    if not encoded:
        return []
    counts: dict[float, int] = {}
    for item in HdrHistogram.decode(encoded).get_recorded_iterator():
        bound = _bound(item.value_iterated_to / 1000)
        counts[bound] = counts.get(bound, 0) + item.count_added_in_this_iter_step
    return _scaled(counts)


def _scaled(counts: Mapping[float, int]) -> list[Bin]:
    total, fullest = sum(counts.values()), max(counts.values(), default=0)
    if not total:
        return []
    return [
        Bin(
            bound,
            counts.get(bound, 0),
            counts.get(bound, 0) / total,
            f"{100 * counts.get(bound, 0) / fullest:.2f}",
        )
        for bound in _bounds(min(counts), max(counts))
    ]


def _bound(milliseconds: float) -> float:
    return next(bound for bound in _all_bounds() if bound >= milliseconds)


def _bounds(low: float, high: float) -> Iterable[float]:
    for bound in _all_bounds():
        if bound > high:
            return
        if bound >= low:
            yield bound


def _all_bounds() -> Iterable[float]:
    """0.01, 0.02, 0.05, 0.1 … ms without end."""
    exponent = -2
    while True:
        for step in _BOUNDS:
            yield float(f"{step}e{exponent}")
        exponent += 1
