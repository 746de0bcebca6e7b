"""Ends what a server does for a session. Closing the connection alone does not: it would only notice at the end."""

import asyncio
import contextlib
import struct

from probes.engine.dial import CLOSING_SECONDS, Session
from probes.engine.errors import ProbeError
from probes.engine.line import another_line

_CANCEL_REQUEST = 80877102


class _Hangup(asyncio.Protocol):
    """Waits for the server to close: then it has passed the request on."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


async def cancel(session: Session) -> None:
    """Sends a CancelRequest and returns when the server has taken it, at most a second later, whatever happens.

    It goes to the session's own address, which was checked, under the same TLS settings. The statement may just have
    ended, or not have begun: only the session's own answer tells what became of it.
    """
    key, hangup = session.guard.backend_key, _Hangup()
    with contextlib.suppress(ProbeError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            line = await another_line(session.endpoint, session.line, hangup)
            try:
                line.transport.write(struct.pack("!ii", 8 + len(key), _CANCEL_REQUEST) + key)
                await hangup.closed.wait()
            finally:
                line.transport.abort()
