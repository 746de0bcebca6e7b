"""A real PgBouncer in front of a real server."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.rigs.postgres import Cluster, demoted, free_port


def program() -> str | None:
    """Where PgBouncer is on this machine, if it is."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class PgBouncer:
    """Pools the connections to ``cluster`` on 127.0.0.1, for users given as name and password."""

    cluster: Cluster
    users: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="meridian-pgbouncer-"))
        self.folder.chmod(0o755)
        users = "".join(f'"{name}" "{password}"\n' for name, password in self.users.items())
        self._write("users", users)
        options = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": str(self.folder / "users"),
            "pool_mode": "transaction",
            "default_pool_size": "2",
            **self.settings,
        }
        lines = "".join(f"{name} = {value}\n" for name, value in options.items())
        target = f"* = host=127.0.0.1 port={self.cluster.port}\n"
        self._config = self._write("config", f"[databases]\n{target}[pgbouncer]\n{lines}")

    def start(self) -> None:
        found = program()
        assert found is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [found, str(self._config)],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **demoted(),
            )
        self._wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def _wait(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"PgBouncer did not start:\n{self.log()}")

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path
