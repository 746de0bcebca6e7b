"""Ends what is left when `up` itself was killed.

Runs as a script of its own, with nothing but the standard library. Its input names the process
groups that are running: `+PGID SIGNAL` when one starts, `-PGID` when one has ended. When the input
ends, so has `up`; groups that are still there get their signal and, after a grace period, SIGKILL.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

GRACE = 6.0
"""Seconds between a group's own signal and SIGKILL."""


class Guard:
    """The other end of the input: starts the script, and tells it of groups."""

    def __init__(self, keep_open: Sequence[int]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=keep_open,
            cwd="/",
        )

    def watch(self, group: int, number: signal.Signals) -> None:
        self._tell(f"+{group} {int(number)}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def close(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        # A guard that somebody killed is no reason to stop serving.
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        word, *rest = line.split()
        if word.startswith("+"):
            groups[int(word)] = int(rest[0])
        else:
            groups.pop(-int(word), None)
    end_groups(groups)


def end_groups(groups: dict[int, int]) -> None:
    for group, number in groups.items():
        _signal(group, number)
    deadline = time.monotonic() + GRACE
    while any(_signal(group, 0) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    main()
