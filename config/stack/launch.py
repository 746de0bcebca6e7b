"""`up`: the order in which everything on one machine starts, and how it ends."""

import asyncio
import errno
import json
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.stack import demo, parts, readiness
from config.stack.console import Console
from config.stack.errors import StackError
from config.stack.group import Group
from config.stack.home import Home, check_space, holder
from config.stack.keeper import Part
from config.stack.ports import why_not
from config.stack.postgres import Postgres
from config.stack.privilege import data_folder, server_account
from config.stack.process import SERVER_ENVIRONMENT
from config.stack.server import Server
from config.stack.valkey import Valkey

START_TIMEOUT = 60.0
"""Seconds that each server, and all workers together, have to answer."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the environment asks for; an empty URL means "start it here"."""

    home: Path
    host: str
    port: int
    host_name: str
    """A name that ALLOWED_HOSTS admits."""
    vantage: str
    database_url: str
    redis_url: str
    demo: bool
    reload: bool
    environment: Mapping[str, str] = field(repr=False)
    """The environment of this process, passed on to the parts."""


async def run(options: Options, console: Console) -> None:
    """Start everything and keep it running until SIGINT, SIGTERM or SIGHUP.

    Raises StackError when something cannot start; nothing is left running then either.
    """
    _need_key(options)
    _need_port(options)
    home = Home(options.home)
    with home.lock(console.note) as lock:
        async with Group(console, keep_open=[lock]) as group:
            stopping = _stop_on_signals(group, console)
            starting = asyncio.create_task(_Start(options, home, group, console).run())
            stopping.add_done_callback(lambda _: starting.cancel())
            with suppress(asyncio.CancelledError):
                await starting
            await stopping
    console.say("Stopped.")


def _need_port(options: Options) -> None:
    error = why_not(options.port, options.host)
    if error is None:
        return
    if error.errno != errno.EADDRINUSE:
        raise StackError(
            f"Nothing can listen on port {options.port} of {options.host}: {error.strerror}; set PORT or HOST"
        )
    if running := holder(options.home):
        raise StackError(f"Meridian is already running on {options.home} (process {running})")
    raise StackError(
        f"Port {options.port} on {options.host} is in use by another program; set PORT to another one"
    )


def _need_key(options: Options) -> None:
    """Passwords in somebody's own database must never depend on a key that only this folder holds."""
    names = ("MERIDIAN_VAULT_KEYS", "MERIDIAN_VAULT_KEYS_FILE")
    if options.database_url and not any(options.environment.get(name) for name in names):
        raise StackError(
            "DATABASE_URL is set and MERIDIAN_VAULT_KEYS is not: set the key that seals passwords there. To make one: "
            "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        )


def _stop_on_signals(group: Group, console: Console) -> asyncio.Future[None]:
    """A future that the first signal completes; the second hurries."""
    loop = asyncio.get_running_loop()
    stopping = loop.create_future()

    def stop() -> None:
        if stopping.done():
            group.hurry()
            return
        console.say("Stopping (once more to hurry)")
        stopping.set_result(None)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    return stopping


class _Start:
    def __init__(self, options: Options, home: Home, group: Group, console: Console) -> None:
        self._options = options
        self._home = home
        self._group = group
        self._console = console

    async def run(self) -> None:
        state, options = self._home.state, self._options
        postgres: Postgres | None = None
        state.database_url = state.redis_url = ""
        self._home.save()
        if not options.database_url or not options.redis_url:
            data = self._data_folder()
            if not options.database_url:
                postgres = Postgres(data / "postgres", state.ports.get("postgres", 0))
                # Its log is a file of its own.
                await self._server(postgres, "postgres", shown=False)
                state.database_url = postgres.url()
            if not options.redis_url:
                valkey = Valkey(data / "valkey", state.ports.get("valkey", 0))
                await self._server(valkey, "valkey")
                state.redis_url = valkey.url
        self._home.save()
        # Once staged, the demo's distances stay: connections may lead through them.
        wanted = options.demo or demo.is_staged(self._home)
        rows = self._demo(postgres) if postgres is not None and wanted else []
        environment = self._environment()
        await self._prepare(rows, environment)
        await self._parts(environment)

    def _data_folder(self) -> Path:
        home = self._home.folder
        data = data_folder(home, self._home.state.key)
        if data != home and (account := server_account()):
            self._console.note(f"{account.name} cannot enter {home}: the servers keep their data in {data}")
        check_space(data)
        return data

    async def _server(self, server: Server, name: str, *, shown: bool = True) -> None:
        """Starts an embedded server as a part that is restarted when it dies, and waits until it answers."""
        began = time.monotonic()
        server.end_leftover()
        server.port = self._home.port(name)
        self._group.start(
            Part(
                name=name,
                command=server.command(),
                environment=SERVER_ENVIRONMENT,
                folder=Path("/"),
                account=server.account,
                stop_signal=server.death_signal,
                layer=0,
                prepare=server.prepare,
                shown=shown,
            )
        )
        while not ((pid := self._group.pid(name)) and server.is_ready(pid)):
            try:
                self._group.check()
            except StackError as error:
                raise StackError(f"{name} did not start: {server.last_words() or error}") from error
            if time.monotonic() > began + START_TIMEOUT:
                raise StackError(f"{name} did not answer within {START_TIMEOUT:.0f} s {server.last_words()}")
            await asyncio.sleep(0.02)
        server.furnish()
        seconds = time.monotonic() - began
        self._console.step(f"{server.name} {server.version} ready on port {server.port} ({seconds:.1f} s)")

    def _demo(self, postgres: Postgres) -> list[dict[str, str | int | float]]:
        routes = demo.routes(self._home, postgres)
        self._home.save()
        self._group.start(parts.delays(routes))
        return demo.connections(postgres, routes)

    def _environment(self) -> dict[str, str]:
        """What every part of ours is started with: what the person set, and what we made."""
        state, given = self._home.state, self._options.environment
        made = {"SECRET_KEY": state.secret_key, "MERIDIAN_VAULT_KEYS": state.vault_keys}
        made = {
            name: value
            for name, value in made.items()
            if not given.get(name) and not given.get(f"{name}_FILE")
        }
        return {
            **given,
            **made,
            "DATABASE_URL": self._options.database_url or state.database_url,
            "REDIS_URL": self._options.redis_url or state.redis_url,
            "MERIDIAN_HOME": str(self._home.folder),
            "PYTHONUNBUFFERED": "1",
        }

    async def _prepare(
        self, rows: list[dict[str, str | int | float]], environment: Mapping[str, str]
    ) -> None:
        began = time.monotonic()
        self._console.say("  Preparing the database")
        await self._group.run_once(parts.prepare(environment), json.dumps({"demo": rows}).encode())
        self._console.step(f"Database prepared ({time.monotonic() - began:.1f} s)")

    async def _parts(self, environment: Mapping[str, str]) -> None:
        began = time.monotonic()
        options = self._options
        self._console.say("  Starting web, workers and beat")
        self._group.start(parts.web(options.host, options.port, environment, reload=options.reload))
        for part in parts.workers(options.vantage, environment):
            self._group.start(part)
        deadline = began + START_TIMEOUT
        while missing := await readiness.missing(options.host, options.port, options.host_name):
            self._group.check(most_ends=2)
            if time.monotonic() > deadline:
                raise StackError(f"Not ready after {START_TIMEOUT:.0f} s: {missing}")
            await asyncio.sleep(0.1)
        self._console.step(f"Web, workers and beat ready ({time.monotonic() - began:.1f} s)")
        self._console.say(
            f"\nMeridian is at {readiness.address(options.host, options.port)}   (Ctrl-C stops it)\n"
        )
