"""Websockets of open pages, as small as can be: a thousand of them in one process measure a server, not themselves."""

import asyncio
import base64
import os
import socket
import time
from typing import Self
from urllib.parse import urlsplit

from tests.rigs.person import Person

PATH = "/ws/fleet/"
OFFER = "permessage-deflate; client_max_window_bits"
"""What Chromium offers."""
PING, PONG = 9, 10
LARGEST_PULSE = 500


class Listener(asyncio.Protocol):
    """One socket. ``heard`` are the moments (`time.perf_counter`) at which an event was there."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.buffer = b""
        self.accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    @classmethod
    async def open(cls, person: Person, *, reads: bool = True) -> Self:
        """Raises `ConnectionError` when the server refuses. One that does not ``read`` stops after the handshake."""
        address = urlsplit(person.stack.url)
        plain = socket.socket()
        if not reads:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (address.hostname, address.port))
        _, listener = await asyncio.get_running_loop().create_connection(cls, sock=plain)
        listener.transport.write(_handshake(person, address.netloc))
        await listener.accepted
        if not reads:
            listener.transport.pause_reading()
        return listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.accepted.done():
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self.buffer = rest
            if not head.startswith(b"HTTP/1.1 101"):
                self.accepted.set_exception(ConnectionRefusedError(head[:80].decode(errors="replace")))
                return
            self.accepted.set_result(None)
        while (frame := _frame(self.buffer)) is not None:
            opcode, payload, self.buffer = frame
            if opcode == PING:
                self.transport.write(bytes([0x80 | PONG, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            elif len(payload) > LARGEST_PULSE:
                self.heard.append(time.perf_counter())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.accepted.done():
            self.accepted.set_exception(error or ConnectionResetError("The server hung up."))

    def close(self) -> None:
        self.transport.abort()


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """The first frame's opcode and payload, and what follows it; None while it is not all there."""
    if len(data) < 2:
        return None
    wide = {126: 2, 127: 8}.get(data[1], 0)
    length = int.from_bytes(data[2 : 2 + wide], "big") if wide else data[1]
    end = 2 + wide + length
    if len(data) < max(end, 2 + wide):
        return None
    return data[0] & 0x0F, data[2 + wide : end], data[end:]


def _handshake(person: Person, host: str) -> bytes:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in person.jar)
    lines = [
        f"GET {PATH} HTTP/1.1",
        f"Host: {host}",
        f"Origin: {person.stack.url}",
        f"Cookie: {cookies}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        f"Sec-WebSocket-Extensions: {OFFER}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
