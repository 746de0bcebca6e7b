"""A TCP relay that takes its time with what a client says, and can be cut and mended."""

import asyncio
import contextlib


class SlowLine:
    """Relays to ``port`` from a port of its own, which stays the same when it is cut and mended."""

    def __init__(self, port: int, seconds: float) -> None:
        self.to, self.seconds = port, seconds
        self.port = 0
        self._pumps: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self._server.close()
        # asyncio loses a connection that is being accepted while its server closes.
        await asyncio.sleep(0.02)
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._pumps.clear()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.to)
        both = {
            asyncio.create_task(_pump(reader, server_writer, self.seconds)),
            asyncio.create_task(_pump(server_reader, writer, 0)),
        }
        self._pumps |= both
        await asyncio.gather(*both, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    try:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await asyncio.sleep(seconds)
                writer.write(data)
    finally:
        writer.close()
