"""The websocket of an open page: joins a group, then forwards its events as they are. It never reads the database.

A page that missed events fetches itself again over HTTP (see docs/decisions/0003-snapshots-over-http.md), so a
client that is too slow to follow loses events here, in a bounded buffer, and is told to do so.
"""

import asyncio
import json
import logging
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from redis.exceptions import RedisError

from probes import exchange, live, pulse

logger = logging.getLogger(__name__)

MOST_WAITING = 32
MOST_PROGRESS_WAITING = 8
SEND_SECONDS = 20.0
TOO_SLOW = 4408
TRY_LATER = 1013


class LiveConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        user = self.scope.get("user")
        await self.accept()
        if user is None or not user.is_authenticated:
            await self.close(pulse.SIGNED_OUT)
            return
        self.group = group_of(self.scope["url_route"]["kwargs"])
        self.user_id, self.session_key = user.pk, self.scope["session"].session_key
        self.waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        try:
            await exchange.join(self)
        except RedisError as error:
            logger.warning("A page that opened hears of nothing yet, because the broker is away: %s", error)
            await self.close(TRY_LATER)
            return
        self.sender = asyncio.create_task(self._send_waiting())
        await pulse.join(self)

    async def disconnect(self, code: int) -> None:
        if not hasattr(self, "sender"):
            return
        pulse.leave(self)
        self.sender.cancel()
        await asyncio.wait([self.sender])
        await exchange.leave(self)

    def offer_progress(self, text: str) -> None:
        """A page that is behind waits for the next report."""
        if self.waiting.qsize() < MOST_PROGRESS_WAITING:
            self.waiting.put_nowait(text)

    def offer(self, text: str) -> None:
        """Hands a frame to the sender without ever waiting; a full buffer becomes one request to fetch the page anew."""
        try:
            self.waiting.put_nowait(text)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(RESYNC)

    async def _send_waiting(self) -> None:
        while True:
            text = await self.waiting.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self.send(text_data=text)
            except TimeoutError:
                await self.close(TOO_SLOW)
                return


RESYNC = json.dumps({"kind": "pulse", "seq": -1})
"""A number that no page holds: it sees the gap and fetches itself again."""


def group_of(route: dict[str, Any]) -> str:
    """The group that a websocket path names."""
    if "run" in route:
        return live.run_group(route["run"])
    if "connection" in route:
        return live.connection_group(route["connection"])
    if "chat" in route:
        return live.chat_group(route["chat"])
    return live.FLEET
