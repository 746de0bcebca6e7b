"""A timer that is exact to some microseconds, where the system has one.

The event loop's own timers count in milliseconds, which an open loop would take for the server's latency.
"""

import asyncio
import contextlib
import ctypes
import errno
import os
from collections.abc import Callable

_CLOCK_MONOTONIC = 1
_NONBLOCK_AND_CLOEXEC = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)

_library = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


class _Setting(ctypes.Structure):
    _fields_ = [("interval", _Timespec), ("first", _Timespec)]


class Alarm:
    """Calls ``ring`` once, some time after each `set`. Belongs to the running loop; `close` it at the end."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._setting = _Setting()
        self._timer = _exact_timer()
        if self._timer is not None:
            self._loop.add_reader(self._timer, self._expired)

    def set(self, seconds: float) -> None:
        """Rings after ``seconds``, which are more than 0, in place of what was set before."""
        if self._timer is None:
            if self._handle is not None:
                self._handle.cancel()
            self._handle = self._loop.call_later(seconds, self._ring)
            return
        first = self._setting.first
        first.seconds, first.nanoseconds = divmod(max(int(seconds * 1e9), 1), 10**9)
        if _library.timerfd_settime(self._timer, 0, ctypes.byref(self._setting), None) < 0:
            raise _failed()

    def close(self) -> None:
        if self._timer is not None:
            self._loop.remove_reader(self._timer)
            os.close(self._timer)
            self._timer = None
        if self._handle is not None:
            self._handle.cancel()

    def _expired(self) -> None:
        assert self._timer is not None
        with contextlib.suppress(BlockingIOError):
            os.read(self._timer, 8)
        self._ring()


def _exact_timer() -> int | None:
    """A Linux timerfd; None on other systems."""
    if not hasattr(_library, "timerfd_create"):
        return None
    timer = int(_library.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_AND_CLOEXEC))
    if timer < 0:
        raise _failed()
    return timer


def _failed() -> OSError:
    number = ctypes.get_errno() or errno.EINVAL
    return OSError(number, os.strerror(number))
