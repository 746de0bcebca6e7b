"""Speaks to a signed-in connection directly, so that times are those of the wire and rows cost nothing.

asyncpg opens the connection and signs in; from then on the bytes come here. Nothing that a server sends is
kept, except an error's text, so that it cannot make us use memory, however it answers.
"""

import asyncio
import contextlib
import struct
import time
from collections.abc import Callable, Iterator

from probes.engine.causes import error_from, server_said
from probes.engine.dial import Session
from probes.engine.errors import ProbeError
from probes.engine.framing import error_fields

MAX_ANSWER = 8 << 20
"""Bytes of one answer. More is not taken in."""

MAX_MESSAGES = 200_000
"""Messages of one answer, rows for the most part: a tenth of a second of our CPU."""

_MAX_KEPT = 30_000
_USUAL = 1024
_HEADER = struct.Struct("!Bi")
_ERROR, _READY, _NO_DATA, _PARAMETERS = b"EZnt"
_KEPT = frozenset((_ERROR, _READY, _PARAMETERS))

SYNC = b"S\0\0\0\4"

Fields = dict[str, str]


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def query(sql: str) -> bytes:
    """A simple query; several statements at once are possible, so never for a user's own text."""
    return _message(b"Q", sql.encode() + b"\0")


def parse(name: bytes, sql: str) -> bytes:
    """Prepares one statement, and one only: PostgreSQL refuses several here."""
    return _message(b"P", name + b"\0" + sql.encode() + b"\0\0\0")


def describe(name: bytes) -> bytes:
    return _message(b"D", b"S" + name + b"\0")


def run(name: bytes, *values: bytes) -> bytes:
    """Binds a prepared statement to values in text form and executes it to its end."""
    bound = b"".join(struct.pack("!i", len(value)) + value for value in values)
    body = b"\0%b\0\0\0%b%b\0\0" % (name, struct.pack("!h", len(values)), bound)
    return _message(b"B", body) + b"E\0\0\0\x09\0\0\0\0\0"


class AnswerReader:
    """Finds the end of each answer, however the bytes are cut, and what is worth knowing of it.

    ``answered`` holds the fields of the ErrorResponse of the answer that ended last, ``error`` that of what came
    since, such as the server's last words; ``status`` is the transaction's (``I``, ``T`` or
    ``E``); ``no_data`` and ``parameters`` are what descriptions told since `__init__`; ``resting`` is whether the next
    byte begins an answer.
    """

    def __init__(self) -> None:
        self.answered: Fields | None = None
        self.error: Fields | None = None
        self.status = "I"
        self.no_data = False
        self.parameters = 0
        self.resting = True
        self._head = b""
        self._skip = 0
        self._taken = 0
        self._messages = 0

    def feed(self, data: bytes) -> bool:
        """Whether an answer ended with these bytes. `ProbeError` if the server broke the protocol."""
        self._taken += len(data)
        if self._taken > MAX_ANSWER:
            raise ProbeError("result_too_large", "query", f"more than {MAX_ANSWER:,} bytes in one answer")
        data, position, ready = self._head + data, self._skip, False
        end = len(data)
        while end - position >= 5:
            kind, length = _HEADER.unpack_from(data, position)
            if length < 4 or (kind in _KEPT and length > _MAX_KEPT):
                raise ProbeError("protocol_violation", "query", f"message {chr(kind)!r} of {length} bytes")
            following = position + 1 + length
            self._messages += 1
            if self._messages > MAX_MESSAGES:
                raise ProbeError(
                    "result_too_large", "query", f"more than {MAX_MESSAGES:,} rows in one answer"
                )
            if kind in _KEPT:
                if following > end:
                    break
                if kind == _READY and ready:
                    raise ProbeError("protocol_violation", "query", "an answer that nobody asked for")
                ready |= self._keep(kind, data[position + 5 : following])
            elif kind == _NO_DATA:
                self.no_data = True
            position = following
        self._head, self._skip = data[position:], max(position - end, 0)
        self.resting = not (self._head or self._skip or self._taken)
        return ready

    def _keep(self, kind: int, body: bytes) -> bool:
        if kind == _ERROR:
            self.error = self.error or error_fields(body)
        elif kind == _PARAMETERS:
            self.parameters += int.from_bytes(body[:2], "big")
        else:
            self.status = body[:1].decode("latin-1")
            self._taken = self._messages = 0
            self.answered, self.error = self.error, None
        return kind == _READY


class Wire(asyncio.Protocol):
    """Takes a session's connection over from asyncpg until `give_back`.

    ``on_answer`` is called with the error's fields or None when an answer is complete; ``on_lost`` with the
    reason when the connection is gone. Times are `time.perf_counter` readings.
    """

    def __init__(self, session: Session) -> None:
        self.on_answer: Callable[[Fields | None], None] = _unasked
        self.on_lost: Callable[[ProbeError], None] = _unasked
        self.reader = AnswerReader()
        self.lost: ProbeError | None = None
        self.in_flight = False
        self._session = session
        self._transport = session.line.transport
        self._usual = b""
        self._broken: ProbeError | None = None
        self._transport.set_protocol(self)
        if session.guard.closed.done():
            self.connection_lost(None)

    def send(self, message: bytes) -> None:
        self.in_flight = True
        self._transport.write(message)

    async def ask(self, message: bytes) -> float:
        """Seconds from the sending of ``message`` to the end of its answer. `ProbeError` if it is an error."""
        if self.lost is not None:
            raise self.lost
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def take(error: Fields | None) -> None:
            if answered.done():
                return
            if error is None:
                answered.set_result(time.perf_counter())
            else:
                answered.set_exception(server_said(error, "query"))

        def fail(reason: ProbeError) -> None:
            if not answered.done():
                answered.set_exception(reason)

        self.on_answer, self.on_lost = take, fail
        sent = time.perf_counter()
        self.send(message)
        return await answered - sent

    def give_back(self) -> None:
        """Lets asyncpg take leave of the server. If it still works for us, the connection is cut instead."""
        self._transport.set_protocol(self._session.guard)
        if self.in_flight:
            self._session.guard.abort()

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        # An answer that is byte for byte the one that was checked last needs no checking, and changes no status.
        if data == self._usual and self.reader.resting and self.in_flight:
            self.in_flight = False
            self.on_answer(None)
            return
        alone = self.reader.resting
        try:
            if not self.reader.feed(data):
                return
            if not self.in_flight:
                raise ProbeError("protocol_violation", "query", "an answer that nobody asked for")
        except ProbeError as violation:
            self._broken = violation
            self._transport.abort()
            return
        error = self.reader.answered
        checked = alone and error is None and self.reader.resting and not self.reader.error
        self._usual = data if checked and len(data) <= _USUAL else b""
        self.in_flight = False
        self.on_answer(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.in_flight = False
        self.lost = self._reason(exc)
        if not self._session.guard.closed.done():
            self._session.guard.connection_lost(exc)
        self.on_lost(self.lost)

    def _reason(self, exc: Exception | None) -> ProbeError:
        if self._broken is not None:
            return self._broken
        if self.reader.error is not None:
            return server_said(self.reader.error, "query")
        return error_from(exc or ConnectionResetError("the server closed the connection"), "query")


@contextlib.contextmanager
def taken_over(session: Session) -> Iterator[Wire]:
    """The session's wire for the time of the block."""
    wire = Wire(session)
    try:
        yield wire
    finally:
        wire.give_back()


def _unasked(_: object) -> None:
    pass
