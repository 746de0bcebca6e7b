"""What a check found: a value, a verdict, and in plain words what it means and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["good", "watch", "act", "unknown"]
Plain = str | int | float | bool | None

_SEVERITY: tuple[Verdict, ...] = ("good", "unknown", "watch", "act")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer of one check.

    ``value`` is the headline figure in ``unit`` (``%``, ``bytes``, ``s``, ``days``, …); ``needs`` is what would let
    the check see more, as a statement to run where there is one; ``rows`` is a small table of untrusted, cleaned
    text and numbers; ``figures`` are plain numbers for charts, under names that never change.
    """

    verdict: Verdict
    hint: str
    value: Plain = None
    unit: str = ""
    needs: str = ""
    rows: Sequence[Mapping[str, Plain]] = ()
    figures: Mapping[str, float | int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Collects findings in the order of the checks."""

    checks: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float | int | None] = field(default_factory=dict)

    def add(self, key: str, title: str, finding: Finding, caveat: str = "") -> None:
        """``caveat`` says why the figure is not the whole truth although the check worked."""
        self.figures.update(finding.figures)
        self.checks.append(
            {
                "key": key,
                "title": title,
                "value": finding.value,
                "unit": finding.unit,
                "verdict": finding.verdict,
                "hint": finding.hint,
                "needs": finding.needs,
                "caveat": caveat,
                "rows": [dict(row) for row in finding.rows],
            }
        )


def unknown(hint: str, *, needs: str = "") -> Finding:
    return Finding(verdict="unknown", hint=hint, needs=needs)


def graded(value: float | None, *, watch: float, act: float) -> Verdict:
    """The verdict on a value of which more is worse."""
    if value is None:
        return "unknown"
    return "act" if value >= act else "watch" if value >= watch else "good"


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The gravest of several; ``good`` when there is none."""
    return max(verdicts, key=_SEVERITY.index, default="good")


def percent(part: float | None, whole: float | None) -> float | None:
    """``part`` of ``whole`` in percent; None when either is missing or there is no whole."""
    if part is None or not whole:
        return None
    return round(100 * part / whole, 2)


def counted(count: int, one: str, many: str) -> str:
    """``1 session``, ``2 sessions``."""
    return f"{count:,} {one if count == 1 else many}"


def span(seconds: float | None) -> str:
    """A duration for a sentence: ``40 s``, ``12 min``, ``5 h``, ``3 days``."""
    if seconds is None:
        return "an unknown time"
    for size, unit in ((86_400 * 2, "days"), (3_600 * 2, "h"), (60 * 2, "min")):
        if seconds >= size:
            return f"{seconds / (size / 2):.0f} {unit}"
    return f"{seconds:.0f} s"


def volume(size: float) -> str:
    """Bytes for a sentence: ``512 B``, ``3.4 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}" if unit != "B" else f"{size:.0f} B"
        size /= 1024
    return f"{size:,.1f} TiB"
