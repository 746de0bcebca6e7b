"""Hands what is published to a group to every open page of it: heard and unpacked once, however many pages there are.

Channels' own layer has three tasks and a thread's turn for each page and message, which made a thousand pages wait half a
second for a result.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol
from weakref import WeakKeyDictionary

import msgpack
import redis.asyncio
from django.conf import settings
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import RedisError

from probes import live

logger = logging.getLogger(__name__)

LISTEN_SECONDS = 1.0
ANSWER_SECONDS = 3.0
AFTER_FAILURE_SECONDS = 1.0
NEVER_AGAIN = Retry(NoBackoff(), 0, supported_errors=())
"""The client would otherwise connect again by itself, in whichever task sees a failure first."""


class Page(Protocol):
    group: str

    def offer(self, text: str) -> None: ...

    def offer_progress(self, text: str) -> None: ...


_HANDED: dict[str, Callable[[Page, str], None]] = {
    "live.event": lambda page, text: page.offer(text),
    "live.progress": lambda page, text: page.offer_progress(text),
}


class Exchange:
    """The pages of one event loop, by their group's channel.

    ``heard`` is the one connection that all of them hear by, None while there is none. It is made with the lock held and
    never mended: two tasks that shake hands over the same connection would read each other's answers.
    """

    def __init__(self) -> None:
        self.pages: dict[str, set[Page]] = {}
        self.lock = asyncio.Lock()
        self.listening: asyncio.Task[None] | None = None
        self.heard: PubSub | None = None
        self.rests_until = 0.0
        self.redis = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=ANSWER_SECONDS, retry=NEVER_AGAIN
        )

    async def join(self, page: Page) -> None:
        """From now on the page is handed what its group is told. Raises `RedisError`."""
        channel = live.channel(page.group)
        async with self.lock:
            if self.heard is None:
                await self._connect(channel)
            elif channel not in self.pages:
                await self._send(self.heard.subscribe(channel))
            self.pages.setdefault(channel, set()).add(page)
            if self.listening is None or self.listening.done():
                self.listening = asyncio.create_task(self._listen())

    async def leave(self, page: Page) -> None:
        channel = live.channel(page.group)
        async with self.lock:
            pages = self.pages.get(channel, set())
            pages.discard(page)
            if pages or channel not in self.pages:
                return
            del self.pages[channel]
            if not self.pages:
                await self._rest()
            elif self.heard is not None:
                with contextlib.suppress(RedisError):
                    await self._send(self.heard.unsubscribe(channel))

    async def _rest(self) -> None:
        """Until somebody joins again."""
        if self.listening is not None:
            self.listening.cancel()
            await asyncio.wait([self.listening])
            self.listening = None
        if self.heard is not None:
            heard, self.heard = self.heard, None
            await heard.aclose()
        await self.redis.aclose()

    async def _connect(self, *more: str) -> None:
        """Hears for all the pages that there are, and for more channels. Raises `RedisError`, soon after a failure at once:
        a thousand pages that come back must not wait for a broker that does not answer one after another."""
        if time.monotonic() < self.rests_until:
            raise Unreachable("it did not answer a moment ago")
        heard = self.redis.pubsub(ignore_subscribe_messages=True)
        try:
            await heard.subscribe(*{*self.pages, *more})
        except BaseException:
            self.rests_until = time.monotonic() + AFTER_FAILURE_SECONDS
            await heard.aclose()
            raise
        self.heard = heard

    async def _send(self, command: Awaitable[object]) -> None:
        """What cannot be sent is the end of the connection; the listener sees it, and makes another."""
        try:
            await command
        except BaseException:
            self.heard = None
            raise

    async def _listen(self) -> None:
        """Pages see by their pulse what they miss while there is no connection."""
        while True:
            try:
                await self._hear()
            except RedisError as error:
                logger.warning("Open pages hear of nothing new, because the broker is away: %s", error)
            except Exception:
                logger.exception("Open pages hear of nothing new for a moment")
            await asyncio.sleep(AFTER_FAILURE_SECONDS)

    async def _hear(self) -> None:
        """As long as the connection lasts."""
        async with self.lock:
            if self.heard is None:
                await self._connect()
            heard = self.heard
        assert heard is not None
        try:
            while self.heard is heard:
                message = await heard.get_message(timeout=LISTEN_SECONDS)
                if message is not None:
                    self._hand_on(message["channel"].decode(), msgpack.unpackb(message["data"]))
        finally:
            if self.heard is heard:
                self.heard = None
            await heard.aclose()

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
