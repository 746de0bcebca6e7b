"""What can be read out of hours of the roll-up, or out of any stretches that were rolled up like them.

A null is "no data", never zero. Latencies and phases are in milliseconds, of results that are good and not strained.
"""

from collections.abc import Mapping

from probes.engine.errors import OURS as OUR_CODES

OURS = "(error_phase = 'worker' OR error_code IN ({}))".format(
    ", ".join(f"'{code}'" for code in sorted(OUR_CODES))
)
"""Our own side failed, so the result says nothing about the database: `Measured.ours` in SQL."""


def _sum(name: str) -> str:
    """An hour's count fits; and the sum of small numbers is kept in eight bytes, where that of large ones takes 100."""
    return f"sum({name}::int)"


def _mean(name: str, weight: str = "timed") -> str:
    """An hour weighs as much as the results in it."""
    return f"sum({name} * {weight}) / nullif(sum({weight}::int) FILTER (WHERE {name} IS NOT NULL), 0)"


MEASURES: Mapping[str, str] = {
    **{name: _sum(name) for name in ("checks", "good", "ours", "strained")},
    "min_ms": "min(min_ms)",
    "p50_ms": _mean("p50_ms"),
    "p95_ms": _mean("p95_ms"),
    "p99_ms": "max(p99_ms)",
    "max_ms": "max(max_ms)",
    **{name: _mean(name) for name in ("dns_ms", "tcp_ms", "tls_ms", "auth_ms", "query_ms", "total_ms")},
    "cache_hit_ratio": _mean("cache_hit_ratio", "good"),
    **{
        name: f"max({name})"
        for name in ("connections_used", "connections_limit", "size_bytes", "lag_seconds")
    },
}
"""Each figure as SQL that joins rows with the columns of ``result_hourly`` into one."""
