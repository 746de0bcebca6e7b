"""A TCP relay in front of a real server that goes silent at a chosen word of the client's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def silent_at(port: int, word: bytes, *, cut: bool = False) -> AsyncIterator[int]:
    """Relays unencrypted connections to ``port`` until a client says ``word``; then it holds or cuts the line."""
    pumps: set[asyncio.Task[None]] = set()
    silenced = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        both = [
            asyncio.create_task(_until(reader, server_writer, word, silenced)),
            asyncio.create_task(_until(server_reader, writer, None, silenced)),
        ]
        pumps.update(both)
        if cut:
            await silenced.wait()
            writer.transport.abort()
        await asyncio.gather(*both, return_exceptions=True)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        # asyncio loses a connection that is being accepted while its server closes.
        await asyncio.sleep(0.02)
        server.close()
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        await asyncio.sleep(0)


async def _until(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: bytes | None, silenced: asyncio.Event
) -> None:
    try:
        while data := await reader.read(65536):
            if word is not None and word in data:
                silenced.set()
            if not silenced.is_set():
                writer.write(data)
    finally:
        writer.close()
