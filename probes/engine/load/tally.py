"""What the clients of one process count while they run."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from probes.engine.load.buckets import Counts, bucket, merge


@dataclass(kw_only=True)
class Slice:
    """What happened since the slice before; ``errors`` are counted by code.

    ``overdue`` counts the ages of statements that were due and that nobody waits for any more, by bucket: they would
    have taken at least so long. ``unstarted`` of them never began. ``cpu_seconds`` is what all processes of ours
    spent, ``busiest_cpu_seconds`` what the busiest did; ``strained`` that an event loop of ours ran late; ``messages``
    holds the first original text for each code; ``waiting`` is how many clients wait for an answer at its end.
    """

    seconds: float = 0.0
    counts: Counts = field(default_factory=dict)
    overdue: Counts = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    connected: int = 0
    waiting: int = 0
    unstarted: int = 0
    cpu_seconds: float = 0.0
    busiest_cpu_seconds: float = 0.0
    strained: bool = False

    @property
    def done(self) -> int:
        return sum(self.counts.values())

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def add(self, other: Self) -> None:
        """Another slice of the same time, from another process; ``seconds`` are not its to tell."""
        merge(self.counts, other.counts)
        merge(self.overdue, other.overdue)
        add_errors(self.errors, other.errors)
        self.messages = {**other.messages, **self.messages}
        self.connected += other.connected
        self.waiting += other.waiting
        self.unstarted += other.unstarted
        self.cpu_seconds += other.cpu_seconds
        self.busiest_cpu_seconds = max(self.busiest_cpu_seconds, other.busiest_cpu_seconds)
        self.strained |= other.strained

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From JSON, which knows only text as keys."""
        counts = {
            name: {int(number): count for number, count in data[name].items()}
            for name in ("counts", "overdue")
        }
        return cls(**{**data, **counts})


def add_errors(into: dict[str, int], errors: Mapping[str, int]) -> None:
    for code, count in errors.items():
        into[code] = into.get(code, 0) + count


class Tally:
    """Counts latencies and errors; `take` gives what came since it was last called."""

    def __init__(self) -> None:
        self._now = Slice()
        self._counts = self._now.counts
        self._since = time.perf_counter()
        self._cpu = time.process_time()

    def record(self, seconds: float) -> None:
        # Called for each statement: nothing here that could be done later.
        microseconds = int(seconds * 1_000_000)
        number = microseconds if microseconds < 2048 else bucket(microseconds)
        counts = self._counts
        counts[number] = counts.get(number, 0) + 1

    def fail(self, code: str, message: str, count: int = 1) -> None:
        self._now.errors[code] = self._now.errors.get(code, 0) + count
        self._now.messages.setdefault(code, message)

    def overdue(self, age: float, count: int = 1) -> None:
        """Statements that had no answer after so many seconds, and that nobody waits for any more."""
        merge(self._now.overdue, {bucket(int(age * 1_000_000)): count})

    def never_began(self, age: float, count: int) -> None:
        self._now.unstarted += count
        self.overdue(age, count)

    def take(self) -> Slice:
        taken, self._now = self._now, Slice()
        self._counts = self._now.counts
        now, cpu = time.perf_counter(), time.process_time()
        taken.seconds = now - self._since
        taken.cpu_seconds = taken.busiest_cpu_seconds = cpu - self._cpu
        self._since, self._cpu = now, cpu
        return taken
