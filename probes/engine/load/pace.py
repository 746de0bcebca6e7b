"""When a client asks next: at once when it is answered, or when the next statement is due."""

import itertools
import math
import random
import time
from collections import deque
from typing import Protocol

from probes.engine.load.alarm import Alarm
from probes.engine.load.plan import Spacing

WAKE_SECONDS = 0.00002
"""An open loop wakes no more often than this: at higher rates it begins several statements at a time."""

MOST_AGES = 1000
"""How many ages tell how long statements have been due: a thousandth of the longest apart is fine enough."""


class Asker(Protocol):
    """A client as a pace sees it."""

    number: int

    def begin(self, intended: float) -> None:
        """Asks now; latency counts from ``intended`` (`time.perf_counter`)."""


class Pace(Protocol):
    def level(self, level: float) -> None:
        """Goes on with this many clients, or at this rate; 0 stops."""

    def free(self, client: Asker) -> None:
        """The client is connected and has nothing to do."""

    def gone(self, client: Asker) -> None:
        """The client lost its connection."""

    def unstarted(self) -> list[tuple[float, int]]:
        """For how many seconds statements have been due that did not begin, with their number. Forgets them."""

    def close(self) -> None: ...


class ClosedPace:
    """Each of the first ``level`` clients asks again as soon as it is answered."""

    def __init__(self) -> None:
        self._active = 0
        self._waiting: dict[int, Asker] = {}

    def level(self, level: float) -> None:
        self._active = int(level)
        for number in [number for number in self._waiting if number < self._active]:
            self._waiting.pop(number).begin(time.perf_counter())

    def free(self, client: Asker) -> None:
        if client.number < self._active:
            client.begin(time.perf_counter())
        else:
            self._waiting[client.number] = client

    def gone(self, client: Asker) -> None:
        self._waiting.pop(client.number, None)

    def unstarted(self) -> list[tuple[float, int]]:
        return []

    def close(self) -> None:
        pass


class OpenPace:
    """Statements are due at a rate, whether or not the server keeps up.

    One that is due while every client is busy waits, and its latency counts that time: a stall shows in all
    the statements that it held up, not in one for each client.
    """

    def __init__(self, spacing: Spacing) -> None:
        self._spacing = spacing
        self._idle: deque[Asker] = deque()
        self._alarm = Alarm(self._wake)
        self._gap = math.inf
        self._due = math.inf

    def level(self, level: float) -> None:
        self._gap = 1 / level if level else math.inf
        self._due = time.perf_counter() if level else math.inf
        self._wake()

    def free(self, client: Asker) -> None:
        self._idle.append(client)
        self._wake()

    def gone(self, client: Asker) -> None:
        if client in self._idle:
            self._idle.remove(client)

    def unstarted(self) -> list[tuple[float, int]]:
        late = time.perf_counter() - self._due
        if late < 0:
            return []
        # Reckoned, for they may be millions; with random spacing it is what is to be expected.
        count = int(late / self._gap) + 1
        self._due += count * self._gap
        groups = min(count, MOST_AGES)
        ends = [count * number // groups for number in range(groups + 1)]
        # Each group by its youngest, so that none is said to be older than it is.
        return [(late - (end - 1) * self._gap, end - begin) for begin, end in itertools.pairwise(ends)]

    def close(self) -> None:
        self._alarm.close()

    def _wake(self) -> None:
        now = time.perf_counter()
        while self._idle and self._due <= now:
            intended = self._due
            self._due += self._next_gap()
            self._idle.popleft().begin(intended)
        if self._idle and self._due < math.inf:
            self._alarm.set(max(self._due - now, WAKE_SECONDS))

    def _next_gap(self) -> float:
        if self._spacing == "even":
            return self._gap
        return random.expovariate(1 / self._gap)
