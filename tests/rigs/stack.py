"""The whole of Meridian as people start it: ``manage.py up`` in a folder of its own, on a free port."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import dict_row

from config.stack.ports import free_port

PROJECT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "tests only, not a secret"
INHERITED = {
    "DATABASE_URL",
    "DATABASE_POOL",
    "DATABASE_KEEP_SECONDS",
    "REDIS_URL",
    "SECRET_KEY",
    "MERIDIAN_VAULT_KEYS",
    "DJANGO_SETTINGS_MODULE",
}


class Stack:
    """Started by entering it; ``environ`` adds variables. Its output is in `log`."""

    def __init__(self, home: Path | None = None, **environ: str) -> None:
        self._own = home is None
        self.home = home or Path(tempfile.mkdtemp(prefix="meridian-stack-"))
        self.home.chmod(0o755)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.home / "up.log"
        self.environ = {name: value for name, value in os.environ.items() if name not in INHERITED}
        self.environ |= {
            "MERIDIAN_HOME": str(self.home),
            "MERIDIAN_ADMIN_PASSWORD": PASSWORD,
            "MERIDIAN_SCHEDULES": "0",
            "PORT": str(self.port),
            **environ,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._own:
            shutil.rmtree(self.home, ignore_errors=True)

    def start(self, timeout: float = 90.0) -> float:
        """Returns the seconds until /readyz said yes."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=PROJECT,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() - began > timeout:
                self.stop()
                raise AssertionError(f"The stack did not start:\n{self.log.read_text()}")
            time.sleep(0.1)
        return time.monotonic() - began

    def stop(self, timeout: float = 40.0) -> int | None:
        """Asks as Ctrl-C would; returns the exit code."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.home / "stack.json").read_text())
        return state

    def rows(self, query: str, *params: object) -> list[dict[str, Any]]:
        """What the stack's own database answers."""
        with psycopg.connect(self.state()["database_url"], row_factory=dict_row) as connection:
            return connection.execute(query, params).fetchall()

    def manage(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=PROJECT,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )

    def shell(self, script: str) -> str:
        """What the script prints in Django's shell."""
        done = self.manage("shell", "-v", "0", "-c", script)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def processes(self, words: str) -> list[int]:
        """The ids of this stack's processes whose command line holds the words."""
        return [
            pid for pid, line, environ in _processes() if words in line and str(self.home).encode() in environ
        ]

    def valkey(self) -> int:
        """The process id of its Valkey, whose command line and environment show nothing of the stack but its port."""
        port = urlsplit(self.state()["redis_url"]).port
        [pid] = [pid for pid, line, _ in _processes() if "valkey" in line and f":{port}" in line]
        return pid


def _processes() -> list[tuple[int, str, bytes]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.append((int(folder.name), line, (folder / "environ").read_bytes()))
    return found
