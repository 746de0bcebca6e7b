"""How the stack starts a child, so that no child outlives the process that started it."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from config.stack.privilege import Account, identity

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

SERVER_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "HOME": "/", "PATH": os.defpath}
"""For PostgreSQL and Valkey: PG* variables of the person's shell must not reach them."""


def spawn_options(account: Account | None, death_signal: signal.Signals) -> dict[str, Any]:
    """Keyword arguments that `subprocess.Popen` and `asyncio.create_subprocess_exec` both take.

    The child leads its own session (one signal reaches its whole group, Ctrl-C does not) and, on
    Linux, gets `death_signal` when its parent dies.
    """
    return {
        "stdin": subprocess.DEVNULL,
        "start_new_session": True,
        "preexec_fn": _die_with_parent(death_signal),
        **identity(account),
    }


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    account: Account | None,
    death_signal: signal.Signals,
    environment: Mapping[str, str] = SERVER_ENVIRONMENT,
) -> subprocess.Popen[bytes]:
    """Start a server whose output goes to `log` (emptied first)."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=dict(environment),
            **spawn_options(account, death_signal),
        )


def stop(child: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait its seconds; returns when the child has ended."""
    for number, seconds in steps:
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if child.poll() is None:
        child.kill()
        child.wait()


def end(pid: int, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Like `stop`, for a process that is not our child."""
    for number, seconds in (*steps, (signal.SIGKILL, 2.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not command_line(pid):
                return
            time.sleep(0.05)


def command_line(pid: int) -> str:
    """The command line of a running process, or "" when there is no such process."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    found = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True)
    return found.stdout.strip()


def end_with_parent() -> None:
    """Send this process SIGTERM when the one that started it dies (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    # The kernel sends the signal when the *thread* that forked ends, so a child that was started
    # from a passing worker thread would be stopped for no reason.
    if _libc is None or threading.current_thread() is not threading.main_thread():
        return None
    parent = os.getpid()
    libc = _libc

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os._exit(1)

    return arm
