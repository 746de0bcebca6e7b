"""A TCP proxy that adds a round trip: a database next door answers as if it were far away.

    python -m config.stack.delay LISTEN:TARGET:RTT_MS ...

Every argument is a port on 127.0.0.1 to listen on, the port there to pass connections to, and the
round trip in milliseconds. Bytes travel half a round trip each way, in order, as many at a time as
the two ends send; an end of stream and a reset travel like bytes.

What a program in user space cannot delay is the TCP handshake: the kernel has answered before the
program learns of the connection. So a connection here opens at once, and the round trip that the
handshake would have taken is added to the first bytes instead: the time from dialling to any later
point is that of the real distance, while a measurement by phases shows the handshake's round trip
in the phase after TCP. Accuracy: about a millisecond, the grain of the event loop's timer.
"""

import asyncio
import socket
import struct
import sys
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

HOST = "127.0.0.1"

# The loop's timer is late by up to a millisecond and a little; aiming so much early makes the mean right.
_GRAIN = 0.0008
# Bytes under way in one direction before its sender is asked to wait.
_MOST_UNDER_WAY = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Route:
    listen: int
    target: int
    rtt_ms: float

    @classmethod
    def parse(cls, text: str) -> "Route":
        listen, target, rtt_ms = text.split(":")
        return cls(listen=int(listen), target=int(target), rtt_ms=float(rtt_ms))

    def __str__(self) -> str:
        return f"{self.listen}:{self.target}:{self.rtt_ms:g}"


class _End(asyncio.Protocol):
    """One end of a proxied connection: what it receives goes to `line`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.line: _Line | None = None
        self.inbound: _Line | None = None
        self.received_all = False
        self.sent_all = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.line is not None:
            self.line.put(data)

    def eof_received(self) -> bool:
        self.received_all = True
        if self.line is not None:
            self.line.put(b"")
        return not self.sent_all

    def connection_lost(self, exc: Exception | None) -> None:
        if self.line is not None and not (self.received_all and self.sent_all):
            self.line.put(None)

    def pause_writing(self) -> None:
        if self.inbound is not None:
            self.inbound.hold()

    def resume_writing(self) -> None:
        if self.inbound is not None:
            self.inbound.release()

    def finish(self) -> None:
        """Send the end of the stream; the other direction goes on."""
        self.sent_all = True
        if self.transport is None:
            return
        try:
            self.transport.write_eof()
        except OSError:
            # The other side has gone for good after its own end of stream.
            self.transport.abort()
        if self.received_all:
            self.transport.close()

    def reset(self) -> None:
        """Close so that the other side sees a reset."""
        if self.transport is not None and not self.transport.is_closing():
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()


class _Line:
    """One direction: what `put` gets comes out of `target` half a round trip later.

    b"" stands for the end of the stream, None for a connection that is gone.
    """

    def __init__(self, source: _End, target: _End, rtt: float, opened: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._source = source
        self._target = target
        self._one_way = rtt / 2
        # Nothing can be sent before the handshake's round trip is over.
        self._open_at = opened + rtt
        self._under_way: deque[tuple[float, bytes | None]] = deque()
        self._bytes = 0
        self._held = False
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: bytes | None) -> None:
        due = max(self._loop.time(), self._open_at) + self._one_way
        self._under_way.append((due, item))
        self._bytes += len(item or b"")
        if self._bytes > _MOST_UNDER_WAY and self._source.transport is not None:
            self._source.transport.pause_reading()
        self._wait()

    def hold(self) -> None:
        self._held = True

    def release(self) -> None:
        self._held = False
        self._wait()

    def _wait(self) -> None:
        if self._timer is None and self._under_way and not self._held:
            self._timer = self._loop.call_at(self._under_way[0][0] - _GRAIN, self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        now = self._loop.time() + _GRAIN
        while self._under_way and self._under_way[0][0] <= now and not self._held:
            self._deliver(self._under_way.popleft()[1])
        if self._bytes < _MOST_UNDER_WAY / 2 and self._source.transport is not None:
            self._source.transport.resume_reading()
        self._wait()

    def _deliver(self, item: bytes | None) -> None:
        self._bytes -= len(item or b"")
        transport = self._target.transport
        if transport is None or transport.is_closing():
            return
        if item is None:
            self._target.reset()
        elif item:
            transport.write(item)
        else:
            self._target.finish()


class _Front(_End):
    """The end that a client has dialled; dials the target."""

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        rtt, now = self._route.rtt_ms / 1000, loop.time()
        back = _End()
        self.line = back.inbound = _Line(self, back, rtt, now)
        back.line = self.inbound = _Line(back, self, rtt, now)
        # What the client sends meanwhile must not arrive before there is somebody to take it.
        self.line.hold()
        self._dialling = loop.create_task(self._dial(back))

    async def _dial(self, back: _End) -> None:
        assert self.line is not None
        assert self.inbound is not None
        try:
            await asyncio.get_running_loop().create_connection(lambda: back, HOST, self._route.target)
        except OSError:
            self.inbound.put(None)
        self.line.release()


async def serve(routes: list[Route]) -> None:
    """Listen on every route's port until cancelled. Raises OSError when a port is taken."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as listening:
        for route in routes:
            server = await loop.create_server(partial(_Front, route), HOST, route.listen, backlog=1024)
            await listening.enter_async_context(server)
        await loop.create_future()


if __name__ == "__main__":
    asyncio.run(serve([Route.parse(argument) for argument in sys.argv[1:]]))
