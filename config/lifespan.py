"""What the web process does as it begins to serve and as it ends, told by its server (ASGI's lifespan).

The server ends itself by the signal that it was sent, so nothing that waits for the interpreter's end happens in it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from config import collector, flags
from probes import beginning

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def lifespan(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    await receive()
    # Whoever asks for a run from now on waits until it is durable, and not until it is published.
    beginning.in_background()
    flags.watch()
    collector.set_loaded_aside()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.to_thread(_end)
    await send({"type": "lifespan.shutdown.complete"})


def _end() -> None:
    beginning.finish()
    flags.installed.close()
