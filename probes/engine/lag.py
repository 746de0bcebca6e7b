"""Notices when this process, not the database, was slow."""

import asyncio
import time
from types import TracebackType
from typing import Self

STRAINED_SECONDS = 0.05
"""A loop that is this late has added to what it measured."""

_INTERVAL = 0.02


class LagWatch:
    """Measures how late the event loop runs its timers. One serves all probes of a batch.

    Use as a context manager inside a running loop.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stalled_at = float("-inf")

    def __enter__(self) -> Self:
        self._schedule()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def strained_since(self, moment: float) -> bool:
        """Whether the loop ran late at any time since ``moment`` (`time.monotonic`), right now included."""
        late_now = time.monotonic() - self._due > STRAINED_SECONDS
        return late_now or self._stalled_at >= moment

    def _schedule(self) -> None:
        self._due = time.monotonic() + _INTERVAL
        self._timer = self._loop.call_later(_INTERVAL, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._due > STRAINED_SECONDS:
            self._stalled_at = now
        self._schedule()
