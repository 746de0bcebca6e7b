"""The websocket of an open page, in this process (channels' own client needs a second web server)."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.test import Client

from config.asgi import application

Header = tuple[bytes, bytes]


class PageSocket:
    def __init__(self, path: str, headers: Sequence[Header], scheme: str = "ws") -> None:
        scope = {
            "type": "websocket",
            "scheme": scheme,
            "path": path,
            "query_string": b"",
            "headers": list(headers),
            "subprotocols": [],
        }
        self._app = ApplicationCommunicator(application, scope)

    async def connect(self) -> bool:
        """Whether the application accepted the handshake."""
        await self._app.send_input({"type": "websocket.connect"})
        return bool((await self._app.receive_output(5))["type"] == "websocket.accept")

    async def message(self, seconds: float = 5.0) -> dict[str, Any]:
        """The next thing that the application sends, as ASGI says it."""
        message: dict[str, Any] = await self._app.receive_output(seconds)
        return message

    async def frame(self, seconds: float = 5.0) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads((await self.message(seconds))["text"])
        return frame

    async def close(self) -> None:
        await self._app.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._app.wait(5)


@asynccontextmanager
async def open_page(client: Client, path: str = "/ws/fleet/") -> AsyncIterator[PageSocket]:
    """The socket of a page that the signed-in client has open."""
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie)]
    socket = PageSocket(path, headers)
    assert await socket.connect()
    yield socket
    await socket.close()
