"""From the slices of all processes to progress, series, and the outcome's figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from probes.engine.load.buckets import Counts, histogram, merge, percentiles_ms
from probes.engine.load.plan import LoadPlan
from probes.engine.load.tally import Slice, add_errors
from probes.engine.outcome import Summary

BUSY = 0.9
"""A process of ours that computes for more of the time than this was the bottleneck."""

ENOUGH_ERRORS = 20
"""Errors before which their share says nothing."""

_KNEE_SHARE = 0.95
_PERCENTS = (50, 95, 99)


@dataclass(frozen=True, kw_only=True)
class LoadProgress:
    """Where a test is. Rate and percentiles (ms) are those of the last slice; counts are totals.

    ``series`` holds the last two seconds as `Report.detail` has them, from number ``series_from`` on: the last one
    still grows, and the one before it has just ended.
    """

    elapsed: float
    seconds: float
    level: float
    connected: int
    done: int
    failed: int
    rate: float
    p50: float | None
    p95: float | None
    p99: float | None
    errors: dict[str, int]
    series_from: int
    series: list[dict[str, Any]]


@dataclass
class _Stretch:
    """What happened in one second, or at one level."""

    start: float
    level: float = 0.0
    seconds: float = 0.0
    counts: Counts = field(default_factory=dict)
    overdue: Counts = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    unstarted: int = 0

    def add(self, part: Slice) -> None:
        self.seconds += part.seconds
        self.unstarted += part.unstarted
        merge(self.counts, part.counts)
        merge(self.overdue, part.overdue)
        add_errors(self.errors, part.errors)

    @property
    def rate(self) -> float:
        return sum(self.counts.values()) / self.seconds if self.seconds else 0.0

    def latencies(self) -> Counts:
        """Of all that was due, whether or not it was answered: a server that hangs must not look fast."""
        together = dict(self.counts)
        merge(together, self.overdue)
        return together

    def as_dict(self) -> dict[str, Any]:
        p50, p95, p99 = percentiles_ms(self.latencies(), _PERCENTS)
        return {
            "start": round(self.start, 3),
            "seconds": round(self.seconds, 3),
            "done": sum(self.counts.values()),
            "rate": round(self.rate, 1),
            "p50": p50,
            "p95": p95,
            "p99": p99,
            "unstarted": self.unstarted,
            "errors": self.errors,
        }


class Report:
    """Add slices as they come; ask for progress at any time and for the rest at the end."""

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._seconds: list[_Stretch] = []
        self._ended: list[dict[str, Any]] = []
        self._steps: list[_Stretch] = []
        self._total = _Stretch(0.0)
        self._messages: dict[str, str] = {}
        self._last = Slice()
        self._cpu_seconds = 0.0
        self._busiest_cpu_seconds = 0.0
        self._strained = False

    @property
    def errors(self) -> dict[str, int]:
        return self._total.errors

    @property
    def done(self) -> int:
        return sum(self._total.counts.values())

    @property
    def failed(self) -> int:
        return sum(self._total.errors.values())

    def step(self, level: float) -> None:
        """From here on slices belong to this level."""
        self._steps.append(_Stretch(self._total.seconds, level))

    def add(self, part: Slice) -> None:
        if not self._seconds or self._seconds[-1].seconds >= 0.95:
            # Told in each report of the next second, but its percentiles are made only once.
            self._ended = [second.as_dict() for second in self._seconds[-1:]]
            self._seconds.append(_Stretch(self._total.seconds))
        self._count(part)
        self._last = part

    def end(self, rest: Slice) -> None:
        """What was still under way when the time was over. It belongs to the last second.

        An open loop's statements were due within the time, so its rate is reckoned by that. A closed loop's clients
        work on until their last answer, unless they waited in vain.
        """
        if self._plan.rate is not None or rest.waiting:
            rest.seconds = 0.0
        self._count(rest)

    def _count(self, part: Slice) -> None:
        for stretch in (self._seconds[-1], self._steps[-1], self._total):
            stretch.add(part)
        self._messages = {**part.messages, **self._messages}
        self._cpu_seconds += part.cpu_seconds
        self._busiest_cpu_seconds += part.busiest_cpu_seconds
        self._strained |= part.strained

    def too_many_errors(self) -> bool:
        share = self._plan.max_error_share
        return self.failed >= ENOUGH_ERRORS and self.failed > share * (self.failed + self.done)

    def worst_error(self) -> tuple[str, str]:
        """The most frequent code and the first text that came with it."""
        code = max(self.errors, key=lambda code: self.errors[code])
        return code, self._messages.get(code, "")

    def progress(self) -> LoadProgress:
        p50, p95, p99 = percentiles_ms(self._last.counts, _PERCENTS)
        return LoadProgress(
            elapsed=self._total.seconds,
            seconds=self._plan.seconds,
            level=self._steps[-1].level,
            connected=self._last.connected,
            done=self.done,
            failed=self.failed,
            rate=self._last.done / self._last.seconds if self._last.seconds else 0.0,
            p50=p50,
            p95=p95,
            p99=p99,
            errors=dict(self.errors),
            series_from=len(self._seconds) - 1 - len(self._ended),
            series=[*self._ended, self._seconds[-1].as_dict()],
        )

    @property
    def strained(self) -> bool:
        return self._strained or self._busiest_cpu_seconds > BUSY * self._total.seconds > 0

    def summary(self) -> Summary:
        if not self.done:
            return Summary(samples=0, failures=self.failed)
        latencies = self._total.latencies()
        made = histogram(latencies)
        p50, p95, p99 = percentiles_ms(latencies, _PERCENTS)
        return Summary(
            samples=self.done,
            failures=self.failed,
            min=made.get_min_value() / 1000,
            mean=round(made.get_mean_value() / 1000, 4),
            p50=p50,
            p95=p95,
            p99=p99,
            max=made.get_max_value() / 1000,
            stddev=round(made.get_stddev() / 1000, 4),
            rate=round(self._total.rate, 1),
        )

    def detail(self) -> dict[str, Any]:
        """``series`` by second, ``histogram`` as HdrHistogram V2 text in microseconds, and with a ramp its steps.

        ``unstarted`` statements were due and never began. They are in the histogram and the percentiles with the time
        that they had waited, as is what was under way when somebody stopped the test; ``done`` and rates are without.
        """
        found: dict[str, Any] = {
            "elapsed": round(self._total.seconds, 3),
            "series": [second.as_dict() for second in self._seconds],
            "errors": self.errors,
            "messages": self._messages,
            "unstarted": self._total.unstarted,
            "cpu_share": round(self._busiest_cpu_seconds / (self._total.seconds or 1), 3),
            "cpu_us_per_statement": round(self._cpu_seconds / self.done * 1e6, 2) if self.done else None,
            "histogram": histogram(self._total.latencies()).encode().decode("ascii"),
        }
        if self._plan.ramp:
            found["steps"] = [{"level": step.level, **step.as_dict()} for step in self._steps]
            found["knee"] = knee(self._steps, is_open=self._plan.rate is not None)
        return found


def knee(steps: Sequence[_Stretch], *, is_open: bool) -> float | None:
    """The level beyond which more load brings only more waiting, or None.

    In an open loop the last level whose rate was reached to 95 %; in a closed one the first number of clients
    whose rate is within 5 % of the best.
    """
    if is_open:
        reached = [step.level for step in steps if step.rate >= _KNEE_SHARE * step.level]
        return reached[-1] if reached else None
    best = max((step.rate for step in steps), default=0.0)
    return next((step.level for step in steps if best and step.rate >= _KNEE_SHARE * best), None)
