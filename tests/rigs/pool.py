"""A real worker pool on the tests' own broker. It has no database, as a regional one, unless it is given one."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PROJECT = Path(__file__).resolve().parent.parent.parent


class Pool:
    """Started by entering it. ``include`` names modules that its children import, ``database`` is a URL."""

    def __init__(
        self,
        queues: Sequence[str],
        children: int = 1,
        include: str = "",
        database: str = "postgresql://nobody@127.0.0.1:1/none",
    ) -> None:
        self._command = [
            *(sys.executable, "-W", "ignore", "-m", "celery", "-A", "config", "--quiet", "worker"),
            *("--queues", ",".join(queues), "--concurrency", str(children), "--loglevel", "warning"),
            *("--hostname", f"{os.urandom(4).hex()}@%h", "--without-gossip", "--without-mingle"),
            *(["--include", include] if include else []),
        ]
        self._database = database
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed on the way out
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        environment = {**os.environ, "DATABASE_URL": self._database}
        self._process = subprocess.Popen(
            self._command,
            cwd=PROJECT,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(lambda: bool(self.children()), self.said)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        # All at once: what it is still at work on is not waited for.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()

    def children(self) -> list[int]:
        """The ids of its children that take tasks."""
        assert self._process is not None
        pid = self._process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(word) for word in text.split()]

    def memory(self) -> int:
        """Bytes that its parent process holds."""
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def said(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")


def until(holds: Callable[[], bool], said: Callable[[], str] = str, seconds: float = 30.0) -> None:
    """Waits; fails with what was ``said`` when it takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, said()
        time.sleep(0.05)
