"""A TCP relay in front of a real server that leaves something out of what the server says."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def without_parameter(port: int, name: str) -> AsyncIterator[int]:
    """Relays unencrypted connections to ``port``, less the ParameterStatus of this name, as old servers are."""
    pumps: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        both = [
            asyncio.create_task(_copy(reader, server_writer)),
            asyncio.create_task(_filter(server_reader, writer, name.encode())),
        ]
        pumps.update(both)
        await asyncio.gather(*both, return_exceptions=True)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await asyncio.sleep(0.02)
        server.close()
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        await asyncio.sleep(0)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    finally:
        writer.close()


async def _filter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: bytes) -> None:
    try:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(5)
                body = await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)
                if not (head[:1] == b"S" and body.startswith(name + b"\0")):
                    writer.write(head + body)
    finally:
        writer.close()
