"""Opens one real connection, timing each phase on it, and hands it to asyncpg.

asyncpg opens nothing by itself: it gets an event loop whose ``create_connection`` returns the line we opened.
So it never resolves a name, and with every argument given it reads no ``PG*`` variable and no file.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import aiodns
import asyncpg
from asyncpg.protocol import protocol as driver

from probes.engine import scram
from probes.engine.causes import error_from
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError, clean, timed_out
from probes.engine.guard import Guard, Limits
from probes.engine.line import Line, another_line, open_line
from probes.engine.resolve import Resolver, host_name, literal
from probes.engine.tls import ATTEMPTS, Encryption, more_telling, not_for_want_of_tls, worth_another_attempt
from probes.engine.trace import Trace

CLOSING_SECONDS = 1.0
MAX_CONNECT_SECONDS = 3600.0

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    UnicodeError,
)
"""What using a connection may raise because of the server or the network."""

scram.give_keys(driver, scram.KEYS)


@dataclass(frozen=True)
class Session:
    """A connection that is signed in. ``guard.ready_at`` is when its latest answer arrived."""

    endpoint: Endpoint
    connection: Any
    guard: Guard
    trace: Trace
    line: Line


@contextlib.asynccontextmanager
async def dial(
    endpoint: Endpoint,
    *,
    deadline: float,
    rules: EgressRules,
    resolver: Resolver,
    trace: Trace,
    limits: Limits | None = None,
    background: set[asyncio.Task[None]] | None = None,
) -> AsyncIterator[Session]:
    """Connects and signs in by ``deadline`` (of the loop's clock); closes on the way out, within a second.

    Raises `ProbeError`, also for what the server does to the session inside the block; the phase is the
    trace's. With ``background`` the farewell is a task put in there, for its owner to await, so that
    nobody waits a round trip for it.
    """
    session = await _open(endpoint, deadline, rules, resolver, trace, limits or Limits())
    try:
        yield session
    except DRIVER_ERRORS as exc:
        raise session.guard.explain(exc, trace.phase) from exc
    except asyncio.CancelledError:
        session.guard.abort()
        raise
    finally:
        closing = _close(session)
        if background is None:
            await closing
        else:
            task = asyncio.create_task(closing)
            background.add(task)
            task.add_done_callback(background.discard)


async def _open(
    endpoint: Endpoint, deadline: float, rules: EgressRules, resolver: Resolver, trace: Trace, limits: Limits
) -> Session:
    _check(endpoint)
    try:
        async with asyncio.timeout_at(deadline):
            addresses = await _resolve(endpoint.host, rules, resolver, trace)
            return await _attempt_each_encryption(endpoint, addresses, deadline, trace, limits)
    except TimeoutError as exc:
        raise timed_out(trace.phase, endpoint.connect_timeout) from exc


def _check(endpoint: Endpoint) -> None:
    for name in ("host", "database", "user", "password", "application_name"):
        value: str = getattr(endpoint, name)
        # A NUL ends a string in the protocol: what follows would be read as further parameters.
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ProbeError("endpoint_invalid", "worker", f"{name} holds a character that cannot be sent")
    if not 1 <= endpoint.port <= 65535:
        raise ProbeError("endpoint_invalid", "worker", f"port {endpoint.port} is not between 1 and 65535")
    if not 0 < endpoint.connect_timeout <= MAX_CONNECT_SECONDS:
        seconds = f"{endpoint.connect_timeout:g} s to connect are not between 0 and {MAX_CONNECT_SECONDS:g}"
        raise ProbeError("endpoint_invalid", "worker", seconds)


async def _resolve(host: str, rules: EgressRules, resolver: Resolver, trace: Trace) -> list[str]:
    address = literal(host)
    if address is not None:
        addresses = [address]
    else:
        with trace.during("dns"):
            try:
                addresses = await resolver.addresses(host_name(host))
            except aiodns.error.DNSError as exc:
                raise error_from(exc, "dns") from exc
    allowed = [address for address in addresses if rules.allows(address)]
    if not allowed:
        # Our own rule, so nothing is known about the database.
        trace.phase = "worker"
        raise ProbeError("egress_denied", "worker", f"probes may not connect to {', '.join(addresses)}")
    return allowed


async def _attempt_each_encryption(
    endpoint: Endpoint, addresses: list[str], deadline: float, trace: Trace, limits: Limits
) -> Session:
    first: ProbeError | None = None
    for encryption in ATTEMPTS[endpoint.sslmode]:
        try:
            return await _attempt(endpoint, addresses, encryption, deadline, trace, limits)
        except ProbeError as error:
            if trace.tls_refused:
                error = not_for_want_of_tls(error)
            if first is not None:
                raise more_telling(first, error) from error
            last = encryption is ATTEMPTS[endpoint.sslmode][-1] or trace.tls_refused
            if last or not worth_another_attempt(error):
                raise error
            first = error
            trace.restart()
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _attempt(
    endpoint: Endpoint,
    addresses: list[str],
    encryption: Encryption,
    deadline: float,
    trace: Trace,
    limits: Limits,
) -> Session:
    guard = Guard(limits)
    try:
        line = await open_line(endpoint, addresses, encryption, guard, deadline=deadline, trace=trace)
        try:
            with trace.during("auth"):
                connection = await _sign_in(endpoint, line, guard)
        finally:
            trace.leave_out("auth", guard.driver_seconds)
        trace.server = replace(trace.server, **_facts(connection))
    except BaseException as exc:
        guard.abort()
        if isinstance(exc, OSError):
            raise guard.explain(exc, trace.phase) from exc
        raise
    return Session(endpoint, connection, guard, trace, line)


def _facts(connection: Any) -> dict[str, Any]:
    """The fields of `Server` that sign-in told."""
    version = getattr(connection.get_settings(), "server_version", "")
    return {"version": clean(version, limit=100), "backend_pid": connection.get_server_pid()}


async def _sign_in(endpoint: Endpoint, line: Line, guard: Guard) -> Any:
    guard.transport = line.transport
    try:
        return await asyncpg.connect(
            loop=_PinnedLoop(endpoint, guard, line),
            host="pinned",
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=endpoint.database,
            ssl=False,
            direct_tls=False,
            target_session_attrs="any",
            krbsrvname="postgres",
            gsslib="gssapi",
            server_settings={"application_name": endpoint.application_name},
            statement_cache_size=0,
            timeout=None,
        )
    except Exception as exc:
        # The driver may trip over anything in what a hostile server sends.
        error = guard.explain(exc, "auth")
        if error.code == "connection_lost" and line.encrypted and endpoint.sslcert and not guard.spoke:
            # In TLS 1.3 a server turns a certificate down after the handshake, and its reset may overtake
            # the alert that says so.
            raise ProbeError("tls_client_certificate_bad", "tls", error.message) from exc
        raise error from exc


class _PinnedLoop:
    """The running loop, except that it connects asyncpg to the line we opened, and to no other address."""

    def __init__(self, endpoint: Endpoint, guard: Guard, line: Line) -> None:
        self._loop = asyncio.get_running_loop()
        self._endpoint = endpoint
        self._guard = guard
        self._line = line
        self._handed_over = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(
        self, factory: Callable[[], asyncio.Protocol], *_address: object
    ) -> tuple[asyncio.BaseTransport, asyncio.Protocol]:
        protocol = factory()
        if self._handed_over:
            # The driver asks the server to end a statement that took too long.
            line = await another_line(self._endpoint, self._line, protocol)
            protocol.connection_made(line.transport)
            return line.transport, protocol
        self._handed_over = True
        account = f"{self._line.address} {self._endpoint.port} {self._endpoint.user}"
        self._guard.attach(protocol, encrypted=self._line.encrypted, account=account)
        return self._line.transport, protocol


async def _close(session: Session) -> None:
    """Takes leave of the server: a query that still runs is cancelled. Never longer than a second."""
    try:
        with contextlib.suppress(*DRIVER_ERRORS):
            await session.connection.close(timeout=CLOSING_SECONDS)
    finally:
        session.connection.terminate()
        session.guard.abort()
    await asyncio.wait({session.guard.closed}, timeout=CLOSING_SECONDS)
