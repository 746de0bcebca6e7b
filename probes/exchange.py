"""Hands what is published to a group to every open page of it: heard and unpacked once, however many pages there are.

Channels' own layer has three tasks and a thread's turn for each page and message, which made a thousand pages wait half a
second for a result.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

import msgpack
import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from probes import live

logger = logging.getLogger(__name__)

LISTEN_SECONDS = 1.0
AFTER_FAILURE_SECONDS = 1.0


class Page(Protocol):
    group: str

    def offer(self, text: str) -> None: ...

    def offer_progress(self, text: str) -> None: ...


_HANDED: dict[str, Callable[[Page, str], None]] = {
    "live.event": lambda page, text: page.offer(text),
    "live.progress": lambda page, text: page.offer_progress(text),
}


class Exchange:
    """The pages of one event loop, by their group's channel."""

    def __init__(self) -> None:
        self.pages: dict[str, set[Page]] = {}
        self.lock = asyncio.Lock()
        self.listening: asyncio.Task[None] | None = None
        self.redis = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
        self.heard = self.redis.pubsub(ignore_subscribe_messages=True)

    async def join(self, page: Page) -> None:
        """From now on the page is handed what its group is told. Raises `RedisError`."""
        channel = live.channel(page.group)
        async with self.lock:
            if channel not in self.pages:
                await self.heard.subscribe(channel)
            self.pages.setdefault(channel, set()).add(page)
            if self.listening is None:
                self.listening = asyncio.create_task(self._listen())

    async def leave(self, page: Page) -> None:
        channel = live.channel(page.group)
        async with self.lock:
            pages = self.pages.get(channel, set())
            pages.discard(page)
            if pages or channel not in self.pages:
                return
            del self.pages[channel]
            with contextlib.suppress(RedisError):
                await self.heard.unsubscribe(channel)
            if not self.pages:
                await self._rest()

    async def _rest(self) -> None:
        """Until somebody joins again."""
        if self.listening is not None:
            self.listening.cancel()
            await asyncio.wait([self.listening])
            self.listening = None
        await self.heard.aclose()
        await self.redis.aclose()

    async def _listen(self) -> None:
        while True:
            try:
                message = await self.heard.get_message(timeout=LISTEN_SECONDS)
            except RedisError as error:
                # Pages see by their pulse what they missed meanwhile.
                logger.warning("Open pages hear of nothing new, because the broker is away: %s", error)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
                continue
            if message is not None:
                self._hand_on(message["channel"].decode(), msgpack.unpackb(message["data"]))

    def _hand_on(self, channel: str, message: dict[str, str]) -> None:
        handed, text = _HANDED[message["type"]], message["text"]
        for page in self.pages.get(channel, ()):
            handed(page, text)


_exchanges: WeakKeyDictionary[asyncio.AbstractEventLoop, Exchange] = WeakKeyDictionary()


async def join(page: Page) -> None:
    """See `Exchange.join`."""
    await _exchange().join(page)


async def leave(page: Page) -> None:
    await _exchange().leave(page)


def _exchange() -> Exchange:
    loop = asyncio.get_running_loop()
    if loop not in _exchanges:
        _exchanges[loop] = Exchange()
    return _exchanges[loop]
