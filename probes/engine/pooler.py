"""Tells a pooler from a server.

Certain: a server signs a client in with the number of its own backend process, and pg_backend_pid() says the same
number. A pooler invents one for the client, as the client may meet another backend in each transaction. So two
numbers mean that something between us and the server deals out its connections.

Certain too, but not always to be seen: PgBouncer names the prepared statements that it keeps (from 1.21 on, once a
client has used one) and may add the client's address to the application name (``application_name_add_host``). No
other sign is PgBouncer's alone, so without one it is called PgBouncer-like: Odyssey, PgCat and some providers' proxies
behave the same. A pooler that hands the server's number on cannot be told from the server.
"""

import asyncio
import contextlib
import re
from dataclasses import replace

from probes.engine.dial import DRIVER_ERRORS, Session
from probes.engine.trace import Trace

PGBOUNCER = "PgBouncer"
PGBOUNCER_LIKE = "PgBouncer-like"

HIGHEST_PID = 4_194_304
"""Of Linux, however it is set. What a pooler invents is hardly ever among these: its numbers have all 32 bits."""

_SECONDS = 2.0
_MAX_ANSWER = 1000
_SIGNS = (
    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('application_name'), EXISTS "
    "(SELECT FROM pg_catalog.pg_prepared_statements AS kept WHERE kept.name LIKE 'PGBOUNCER\\_%')"
)
_HOST_ADDED = re.compile(r" - (\[?[0-9a-f.:]+\]?:\d+|unix\(\d+\):\d+)$")


def recognise(announced_pid: int, pid: int, application_name: str, *, keeps_statements: bool) -> str:
    """The pooler's name, or empty. ``announced_pid`` came with sign-in, the rest from the session itself."""
    if pid == announced_pid:
        return ""
    if keeps_statements or _HOST_ADDED.search(application_name):
        return PGBOUNCER
    return PGBOUNCER_LIKE


def may_be_pooled(session: Session) -> bool:
    """Whether it is worth a round trip to look for a pooler when there is none to spare."""
    return session.endpoint.pooled or not 0 < session.connection.get_server_pid() <= HIGHEST_PID


async def note_pooler(session: Session, trace: Trace) -> str:
    """Looks for a pooler and notes its name, "" for none, in ``trace``. One round trip, two seconds at most.

    The number of a backend that a pooler announced belongs to none, so it is forgotten.
    """
    name = await _pooler_of(session)
    pid = None if name else trace.server.backend_pid
    trace.server = replace(trace.server, pooler=name, backend_pid=pid)
    return name


async def _pooler_of(session: Session) -> str:
    """Empty too when it cannot be told.

    It goes as COPY, in one message: a pooler may give each of several to another server.
    """
    answer = bytearray()

    async def collect(data: bytes) -> None:
        answer.extend(data[:_MAX_ANSWER])

    with contextlib.suppress(*DRIVER_ERRORS, TimeoutError):
        async with asyncio.timeout(_SECONDS):
            await session.connection.copy_from_query(_SIGNS, output=collect)
    pid, _, rest = bytes(answer[:_MAX_ANSWER]).decode("utf-8", "replace").rstrip().partition("\t")
    application_name, _, keeps = rest.rpartition("\t")
    if not (pid.isascii() and pid.isdecimal() and keeps in ("t", "f")):
        return ""
    announced = session.connection.get_server_pid()
    return recognise(announced, int(pid), application_name, keeps_statements=keeps == "t")
