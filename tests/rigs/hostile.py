"""Servers that are silent, broken or hostile, each a small asyncio server on 127.0.0.1."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

CANCEL_REQUEST = struct.pack("!i", 80877102)
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def auth(request: int, rest: bytes = b"") -> bytes:
    return message(b"R", struct.pack("!i", request) + rest)


def parameter(name: str, value: str) -> bytes:
    return message(b"S", name.encode() + b"\0" + value.encode() + b"\0")


def error(sqlstate: str, text: bytes, severity: bytes = b"FATAL", kind: bytes = b"E") -> bytes:
    return message(kind, b"S" + severity + b"\0C" + sqlstate.encode() + b"\0M" + text + b"\0\0")


def notice(text: bytes = b"look out") -> bytes:
    return error("01000", text, b"NOTICE", b"N")


READY = message(b"Z", b"I")
KEY = message(b"K", struct.pack("!ii", 4321, 99))
WELCOME = (
    auth(0)
    + parameter("server_version", "17.4")
    + parameter("client_encoding", "UTF8")
    + parameter("in_hot_standby", "off")
    + KEY
    + READY
)
SELECTED = message(b"T", struct.pack("!h", 0)) + message(b"C", b"SELECT 1\0") + READY


@contextlib.asynccontextmanager
async def serve(behaviour: Behaviour) -> AsyncIterator[int]:
    """Yields the port. Every connection still open at the end is cut."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        # asyncio loses a connection that is being accepted while its server closes.
        await asyncio.sleep(0.02)
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, str]:
    """Refuses TLS if asked for it, and reads the startup message: its parameters."""
    length = struct.unpack("!i", await reader.readexactly(4))[0]
    body = await reader.readexactly(length - 4)
    if struct.pack("!i", length) + body == SSL_REQUEST:
        writer.write(b"N")
        return await startup(reader, writer)
    if body.startswith(CANCEL_REQUEST):
        raise ConnectionAbortedError("no startup message but a request to cancel")
    parts = body[4:].decode().split("\0")
    return dict(zip(parts[::2], parts[1::2], strict=False))


async def request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    length = struct.unpack("!i", await reader.readexactly(4))[0]
    return kind, await reader.readexactly(length - 4)


async def forever() -> None:
    await asyncio.Event().wait()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await forever()


async def drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return


async def drops_after_startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await startup(reader, writer)


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(8)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await forever()


async def ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    await forever()


async def hangs_in_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(8)
    writer.write(b"S")
    await forever()


async def breaks_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(8)
    writer.write(b"S")
    await reader.read(100)
    writer.write(b"this is no TLS at all" * 10)
    await forever()


async def stuffs_the_buffer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Agrees to TLS and in the same breath pretends that sign-in is over."""
    await reader.readexactly(8)
    writer.write(b"S" + WELCOME)
    await forever()


async def errors_at_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(8)
    writer.write(error("53300", b"sorry, too many clients already"))
    await forever()


def answers(*replies: bytes) -> Behaviour:
    """Says each reply after one request of the client's: the startup message, a password, a query."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await startup(reader, writer)
        for number, reply in enumerate(replies):
            if number:
                await request(reader)
            writer.write(reply)
            await writer.drain()
        while (await request(reader))[0] != b"X":
            pass

    return behave


def dribbles(seconds: float) -> Behaviour:
    """Answers the startup message, and then the query, one byte at a time: each in so many seconds."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await startup(reader, writer)
        for reply in (WELCOME, SELECTED):
            for byte in reply:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(seconds / len(reply))
            await request(reader)

    return behave


def floods(opening: bytes, piece: bytes) -> Behaviour:
    """Sends ``piece`` for as long as anybody reads."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await startup(reader, writer)
        writer.write(opening)
        while True:
            writer.write(piece * 2000)
            await writer.drain()
            await asyncio.sleep(0)

    return behave


def scram(iterations: str) -> Behaviour:
    """Offers SCRAM and demands this many iterations."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await startup(reader, writer)
        writer.write(auth(10, b"SCRAM-SHA-256\0\0"))
        _, body = await request(reader)
        nonce = body[body.index(b",r=") + 3 :]
        writer.write(auth(11, b"r=" + nonce + b"x,s=c2FsdHNhbHRzYWx0,i=" + iterations.encode()))
        await request(reader)
        writer.write(auth(0) + WELCOME[len(auth(0)) :])
        await forever()

    return behave


def encrypts(context: ssl.SSLContext, *replies: bytes) -> Behaviour:
    """Agrees to TLS, then says each reply after one request of the client's."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"S")
        await writer.start_tls(context)
        await answers(*replies)(reader, writer)

    return behave


@contextlib.contextmanager
def deaf(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port whose queue of new connections is full: it answers as little as a firewall does."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
