"""How a benchmark ends: a table for people, one JSON line for machines."""

import json
from collections.abc import Sequence


def percentile(samples: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest sample that at least this share of them does not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)]


def finish(**fields: object) -> None:
    print(json.dumps(fields))
