"""The statements that a health check found, ranked as charts show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probes.telling.figures import count, fine

MOST_BARS = 5
_RANKED = (
    ("Most time in total", "by_total", "total_ms", fine),
    ("Longest each", "by_mean", "mean_ms", fine),
    ("Most often", "by_calls", "calls", count),
)


@dataclass(frozen=True)
class Bar:
    """``width`` is of the longest, 0 to 100; ``query`` is a server's text."""

    query: str
    figure: str
    width: str


@dataclass(frozen=True)
class Ranking:
    title: str
    bars: Sequence[Bar]


def rankings(detail: Mapping[str, Any]) -> list[Ranking]:
    """Empty when the check saw no statement."""
    checks = [check for check in detail.get("checks", ()) if check["key"] == "statements"]
    rows = [row for check in checks for row in check["rows"] if row.get("query")]
    found = []
    for title, rank, column, written in _RANKED:
        first = sorted((row for row in rows if row.get(rank) and row.get(column)), key=lambda row: row[rank])[
            :MOST_BARS
        ]
        if first:
            longest = max(row[column] for row in first)
            bars = [
                Bar(row["query"], written(row[column]), f"{100 * row[column] / longest:.2f}") for row in first
            ]
            found.append(Ranking(title, bars))
    return found
