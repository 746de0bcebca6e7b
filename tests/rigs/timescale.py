"""A database of each edition of the history: plain PostgreSQL, and TimescaleDB in its Apache and community editions.

`.ci/timescale` makes the latter two and tells where they are; without it their tests say why they are skipped.

The community edition is a program from a registry that few people have looked at. Its lock file names one version by
its hash, none of its install scripts is run, and it runs confined: with an empty environment, as an account that owns
nothing if we are root, and under Node's permission model, which lets it read its own files and neither write, nor run
programs, nor load native code. What that leaves it is the network: it could talk to whatever this machine can reach.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from config.env import database_from_url
from config.stack import privilege
from probes.history import adoption, editions
from probes.history.editions import Edition
from probes.history.statements import statement
from tests.rigs import servers

APACHE_URL = os.environ.get("TIMESCALE_TEST_URL", "")
COMMUNITY_MODULES = os.environ.get("TIMESCALE_COMMUNITY_MODULES", "")
SERVER = Path(__file__).parent / "community" / "server.mjs"
BUILD = Path("@unni-craftsman", "pglite")
CONFINED = ["--experimental-permission", "--no-warnings"]
CLEANED = (
    "probes_run",
    "probes_result",
    "probes_rolledup",
    "probes_upkeep",
    "probes_stalehour",
    "probes_purge",
    "connections_connection",
    "connections_region",
)


@dataclass
class Database:
    """One database of one edition, for one client at a time if that is the community's."""

    edition: Edition
    url: str
    _leave: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def remove(self) -> None:
        self._leave.close()

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Django's own connection leads here."""
        with pytest.MonkeyPatch.context() as patch:
            _disconnect()
            for key, value in database_from_url(self.url).items():
                patch.setitem(connection.settings_dict, key, value)
            try:
                yield
            finally:
                _disconnect()

    def migrate(self) -> None:
        call_command("migrate", verbosity=0)


def _disconnect() -> None:
    """An asynchronous test may have left us a connection that another thread opened."""
    connection.inc_thread_sharing()
    connection.close()
    connection.dec_thread_sharing()


def make(edition: Edition) -> Database:
    """An empty database, with TimescaleDB's extension unless it is plain.

    Skips the test where the edition cannot be had; in CI it can.
    """
    if edition is Edition.COMMUNITY:
        return _community()
    base = servers.postgres.url(role="postgres") if edition is Edition.PLAIN else APACHE_URL
    if not base:
        _without(edition, "TIMESCALE_TEST_URL")
    return _created(edition, base)


def _without(edition: Edition, variable: str) -> None:
    reason = f"There is no {edition.value} here: run the tests through .ci/timescale, which sets {variable}."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _created(edition: Edition, base: str) -> Database:
    name = f"history_{uuid.uuid4().hex[:12]}"
    url = urlsplit(base)._replace(path=f"/{name}").geturl()
    _execute(base, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    made = Database(edition, url)
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    made._leave.callback(_execute, base, drop)
    if edition is Edition.APACHE:
        _execute(url, sql.SQL("CREATE EXTENSION timescaledb"))
    return made


def _community() -> Database:
    if not COMMUNITY_MODULES:
        _without(Edition.COMMUNITY, "TIMESCALE_COMMUNITY_MODULES")
    with contextlib.ExitStack() as leave:
        folder = leave.enter_context(_readable_copy())
        server = subprocess.Popen(
            [
                shutil.which("node") or "node",
                *CONFINED,
                f"--allow-fs-read={folder}/",
                str(folder / SERVER.name),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={},
            **privilege.identity(privilege.server_account()),
        )
        leave.callback(_end, server)
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        url = f"postgresql://postgres:any@127.0.0.1:{port}/postgres?sslmode=disable"
        return Database(Edition.COMMUNITY, url, leave.pop_all())


@contextlib.contextmanager
def _readable_copy() -> Iterator[Path]:
    """A folder with the server and all that it needs, which another account can read too."""
    folder = Path(tempfile.mkdtemp(prefix="meridian-community-")).resolve()
    try:
        shutil.copy(SERVER, folder)
        shutil.copytree(Path(COMMUNITY_MODULES) / BUILD, folder / "node_modules" / BUILD)
        for one in (folder, *folder.rglob("*")):
            one.chmod(0o755 if one.is_dir() else 0o644)
        yield folder
    finally:
        shutil.rmtree(folder)


def _end(server: subprocess.Popen[Any]) -> None:
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.close()
    server.wait(20)
    server.stdout.close()


def _execute(url: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as client:
        client.execute(statement)


def clean() -> None:
    """Empties the history in the database in use."""
    with connection.cursor() as cursor:
        if editions.look().aggregate:
            cursor.execute(statement("forget_aggregate"))
        for table in CLEANED:
            cursor.execute(f"TRUNCATE {table} CASCADE")
    adoption.establish()


def become_plain(*, extended: bool) -> None:
    """Empties the history in the database in use and makes it that of a plain PostgreSQL.

    Unless ``extended``, TimescaleDB's extension goes too.
    """
    adoption.remove()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain (LIKE probes_result INCLUDING ALL)")
        cursor.execute("DROP TABLE probes_result")
        cursor.execute("ALTER TABLE plain RENAME TO probes_result")
        cursor.execute("TRUNCATE probes_upkeep, probes_stalehour, probes_purge")
        if not extended:
            cursor.execute("DROP EXTENSION IF EXISTS timescaledb")
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(editions, "look", lambda: editions.Layout(Edition.PLAIN))
        adoption.establish()
