"""Prometheus' text format, written in bulk: its own client takes some ten times as long for a hundred thousand samples."""

from collections.abc import Iterable

Sample = tuple[str, float]
"""What `labels` made, and a value."""

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def labels(**values: str) -> str:
    """``name="value"`` pairs. Names are ours, values are anybody's text."""
    return ",".join(f'{name}="{value.translate(_ESCAPED)}"' for name, value in values.items())


def family(name: str, explained: str, samples: Iterable[Sample], kind: str = "gauge") -> str:
    """One metric with all its samples; "" when it has none."""
    lines = [f"{name}{{{pairs}}} {value:.13g}\n" for pairs, value in samples]
    return f"# HELP {name} {explained}\n# TYPE {name} {kind}\n{''.join(lines)}" if lines else ""
