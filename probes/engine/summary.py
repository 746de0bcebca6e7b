"""Statistics over the samples of one probe."""

import math
import statistics
from collections.abc import Sequence

from probes.engine.outcome import Summary


def summarise(samples_ms: Sequence[float], failures: int = 0, seconds: float | None = None) -> Summary:
    """The summary of samples in milliseconds; ``seconds`` is how long it took to gather them, for the rate.

    Percentiles are nearest-rank: each is a sample that was really measured, and nothing is interpolated. So of few
    samples the high ones are the maximum: p95 of fewer than 20, p99 of fewer than 100. The standard deviation is
    that of a sample (n - 1), and 0 for a single one.
    """
    if not samples_ms:
        return Summary(samples=0, failures=failures)
    ordered = sorted(samples_ms)
    return Summary(
        samples=len(ordered),
        failures=failures,
        min=ordered[0],
        mean=statistics.fmean(ordered),
        p50=percentile(ordered, 50),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
        max=ordered[-1],
        stddev=statistics.stdev(ordered) if len(ordered) > 1 else 0.0,
        rate=len(ordered) / seconds if seconds else None,
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest sample that at least ``percent`` of the ascending samples do not exceed."""
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(rank, 1) - 1]
