"""Stands between the socket and asyncpg and lets nothing through that could hurt us."""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import cast

from probes.engine import scram
from probes.engine.causes import error_from, server_said
from probes.engine.errors import ProbeError, clean
from probes.engine.framing import MessageReader, error_fields
from probes.engine.outcome import Phase
from probes.engine.signin import SignIn

MAX_SIGN_IN_MESSAGE = 30_000
"""Bytes; libpq's own limit for anything that comes before sign-in is over."""

_BEFORE_SIGN_IN = b"RENv"
_BEFORE_READY = b"RENvSKAZ"
_CHATTER = b"SNA"


@dataclass(frozen=True)
class Limits:
    """What a server may send on one connection. ``scram_iterations`` is a quarter of a second of our CPU."""

    message: int = 1 << 20
    total: int = 4 << 20
    messages: int = 50_000
    chatter: int = 1_000
    scram_iterations: int = 600_000


class Guard(asyncio.Protocol):
    """Checks what the server sends, then hands it on; drops the connection at the first violation.

    ``ready_at`` is the `time.perf_counter` reading of the latest ReadyForQuery, taken when its bytes arrived;
    ``spoke`` is whether the server said anything at all; ``backend_key`` is what a request to cancel must show;
    ``driver_seconds`` is what the driver has computed for its part of the sign-in so far, such as SCRAM's key.
    """

    def __init__(self, limits: Limits) -> None:
        self.transport: asyncio.Transport | None = None
        self._socket: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ready_at: float | None = None
        self.backend_key = b""
        self.driver_seconds = 0.0
        self._limits = limits
        self._inner: asyncio.Protocol | None = None
        self._account = ""
        self._reader = MessageReader(self._check_header, keep=b"RESK")
        self._sign_in = SignIn(encrypted=False, max_iterations=limits.scram_iterations)
        self._first_byte: int | None = None
        self.spoke = False
        self._version_told = False
        self._fatal = False
        self._received = 0
        self._messages = 0
        self._chatter = 0
        self._violation: ProbeError | None = None
        self._server_error: dict[str, str] | None = None
        self._lost: Exception | None = None

    def attach(self, inner: asyncio.Protocol, *, encrypted: bool, account: str) -> None:
        """Give the connection to asyncpg's protocol, which sends the startup message at once; ``account`` is what it
        signs in to (see `scram`)."""
        if self._violation is not None:
            raise self._violation
        if self.transport is None or self.closed.done():
            raise self._lost or ConnectionResetError("the server closed the connection")
        self._inner = inner
        self._account = account
        self._sign_in = SignIn(encrypted=encrypted, max_iterations=self._limits.scram_iterations)
        inner.connection_made(self.transport)

    def explain(self, exc: BaseException, phase: Phase) -> ProbeError:
        """The true cause of ``exc``, of which the driver saw only that the connection broke."""
        if self._violation is not None:
            return ProbeError(self._violation.code, phase, self._violation.message)
        if self._server_error is not None and not isinstance(exc, TimeoutError):
            return server_said(self._server_error, phase)
        if self._lost is not None:
            return error_from(self._lost, phase)
        return error_from(exc, phase)

    def abort(self) -> None:
        # Below TLS, whose transport forgets how to abort when asyncpg has closed it twice (Python before 3.11.4).
        if self._socket is not None:
            self._socket.abort()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self.transport = self._socket = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._violation is not None:
            return
        try:
            self._inspect(data)
            if self._fatal:
                # The server will say no more, and the driver has nothing to add.
                self.abort()
            elif self._inner is not None:
                self._hand_on(self._inner, data)
        except ProbeError as exc:
            self._refuse(exc)
        except Exception as exc:  # noqa: BLE001 - the edge of the socket
            # The driver may trip over anything in what a hostile server sends.
            self._refuse(ProbeError("protocol_violation", "auth", f"{type(exc).__name__}: {exc}"))

    def _hand_on(self, inner: asyncio.Protocol, data: bytes) -> None:
        if self.ready_at is not None:
            inner.data_received(data)
            return
        # It derives within this call, so nobody else's sign-in comes between.
        scram.KEYS.account = self._account
        began = time.perf_counter()
        try:
            inner.data_received(data)
        finally:
            self.driver_seconds += time.perf_counter() - began

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = exc
        if not self.closed.done():
            self.closed.set_result(None)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    # The checks.

    def _refuse(self, violation: ProbeError) -> None:
        self._violation = violation
        self.abort()

    def _inspect(self, data: bytes) -> None:
        if self._first_byte is None:
            self._first_byte = data[0]
            if self._first_byte not in _BEFORE_SIGN_IN:
                raise _not_postgres(data)
        if self._inner is None:
            raise ProbeError("protocol_violation", "auth", "the server spoke before it was asked")
        self._received += len(data)
        if self._received > self._limits.total:
            raise ProbeError("protocol_violation", "auth", f"more than {self._limits.total} bytes were sent")
        for kind, body in self._reader.feed(data):
            self._take(kind, body)

    def _check_header(self, kind: int, length: int) -> None:
        if not self.spoke and length >= 0x09000000:
            # The four bytes are text: no length that anybody would send.
            raise _not_postgres(bytes([kind]) + length.to_bytes(4, "big"))
        allowed = self._limits.message if self.ready_at is not None else MAX_SIGN_IN_MESSAGE
        if not 4 <= length <= allowed:
            raise ProbeError("protocol_violation", "auth", f"message {chr(kind)!r} of {length} bytes")
        expected = _BEFORE_READY if self._sign_in.done else _BEFORE_SIGN_IN
        if self.ready_at is None and kind not in expected:
            raise ProbeError("protocol_violation", "auth", f"message {chr(kind)!r} before sign-in was over")
        self.spoke = True
        self._messages += 1
        if self._messages > self._limits.messages:
            raise ProbeError("protocol_violation", "auth", f"more than {self._limits.messages} messages")

    def _take(self, kind: int, body: bytes) -> None:
        if kind in _CHATTER:
            self._chatter += 1
            if self._chatter > self._limits.chatter:
                raise ProbeError("protocol_violation", "auth", f"more than {self._limits.chatter} notices")
        if kind == ord("R"):
            self._sign_in.check(body)
        elif kind == ord("E"):
            self._server_error = error_fields(body)
            severity = self._server_error.get("V", self._server_error.get("S"))
            self._fatal = self.ready_at is None or severity in ("FATAL", "PANIC")
        elif kind == ord("S"):
            self._version_told |= _tells_version(body)
        elif kind == ord("K"):
            self.backend_key = body
        elif kind == ord("Z"):
            if not self._version_told:
                raise ProbeError("protocol_violation", "auth", "the server did not tell its version")
            self.ready_at = time.perf_counter()
        elif kind not in _CHATTER:
            self._server_error = None


def _tells_version(parameter: bytes) -> bool:
    """Whether it is a server_version that the driver can read: without one it fails half-made."""
    name, _, value = parameter.partition(b"\0")
    return name == b"server_version" and re.match(rb"\D{0,100}\d{1,9}(?!\d)", value) is not None


def _not_postgres(data: bytes) -> ProbeError:
    return ProbeError("not_postgres", "auth", f"the server answered: {clean(data, limit=100)}")
