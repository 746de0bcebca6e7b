"""What the embedded servers have in common: files in one folder, one port on the loopback interface, one process."""

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from config.stack.errors import StackError
from config.stack.privilege import Account, server_account
from config.stack.process import spawn, stop


class Server(ABC):
    """One server on 127.0.0.1:`port` with its files in `data`.

    `start()` creates what is missing and returns when the server answers. Start it from the main thread, and it
    does not outlive a killed process (on Linux). As root it runs as an unprivileged account, which must be able to
    enter `data`'s parent.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    stop_steps: ClassVar[Sequence[tuple[signal.Signals, float]]]
    """Signals with the seconds that each gets."""
    death_signal: ClassVar[signal.Signals]
    """What the kernel sends when the parent dies."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        self.account: Account | None = server_account(data)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, timeout: float = 60.0) -> None:
        self.prepare()
        self._process = spawn(
            self.command(), log=self.startup_log, account=self.account, death_signal=self.death_signal
        )
        deadline = time.monotonic() + timeout
        while not self.is_ready(self._process.pid):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StackError(f"{self.name} did not start: {self.last_words()}")
            time.sleep(0.01)
        self.furnish()

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, self.stop_steps)
            self._process = None

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def startup_log(self) -> Path:
        return self.data / "startup.log"

    @abstractmethod
    def prepare(self) -> None:
        """Make the files that are missing and clear what a crash left; needed before each start."""

    @abstractmethod
    def command(self) -> list[str]:
        """The server's command line, for whoever supervises it."""

    @abstractmethod
    def is_ready(self, pid: int) -> bool:
        """Whether the server with this process id takes connections."""

    @abstractmethod
    def last_words(self) -> str:
        """The gravest thing that the server has said since `prepare`, for a message."""

    @abstractmethod
    def end_leftover(self) -> None:
        """Stop a server on these files that outlived its supervisor."""

    def furnish(self) -> None:  # noqa: B027 - a server may need nothing
        """What is made as soon as the server answers."""
