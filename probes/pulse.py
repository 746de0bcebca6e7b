"""Tells every open page, every few seconds, the number of the last event of its group, so that none goes unmissed.

One task a process reads all numbers in one request, however many sockets there are. It also ends the sockets of
people who signed out or were barred, and those that are old: such a page comes back at once and is asked who it is.
"""

import asyncio
import contextlib
import json
import logging
import time
from typing import Protocol
from weakref import WeakKeyDictionary

import redis.asyncio
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from probes import live

logger = logging.getLogger(__name__)

SECONDS = 4.0
BEATS_A_CHECK = 5
"""Every so many pulses, one query asks whether the people behind the sockets are still signed in."""
OLDEST_SOCKET = 15 * 60.0
GROWN_OLD = 4000
SIGNED_OUT = 4401


class Socket(Protocol):
    group: str
    session_key: str
    user_id: int

    def offer(self, text: str) -> None: ...

    async def close(self, code: int) -> None: ...


class Pulse:
    """The sockets of one event loop."""

    def __init__(self) -> None:
        self.sockets: dict[Socket, float] = {}
        self.redis = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=3
        )
        self.task: asyncio.Task[None] | None = None
        self.closing: set[asyncio.Task[None]] = set()

    async def join(self, socket: Socket) -> None:
        self.sockets[socket] = time.monotonic()
        await self._tell([socket], "hello")
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        beats = 0
        while self.sockets:
            while self.sockets:
                await asyncio.sleep(SECONDS)
                await self._tell(list(self.sockets), "pulse")
                limit = time.monotonic() - OLDEST_SOCKET
                self._end([one for one, since in self.sockets.items() if since < limit], GROWN_OLD)
                beats += 1
                if beats % BEATS_A_CHECK == 0:
                    self._end(await self._signed_out(), SIGNED_OUT)
            # Somebody may join while this waits, hence the outer loop.
            await self.redis.aclose()

    async def _tell(self, sockets: list[Socket], kind: str) -> None:
        groups = sorted({socket.group for socket in sockets})
        if not groups:
            return
        try:
            numbers = await self.redis.mget([live.seq_key(group) for group in groups])
        except RedisError as error:
            logger.warning("Open pages get no pulse, because the broker is away: %s", error)
            return
        texts = {
            group: json.dumps({"kind": kind, "seq": int(number or 0)})
            for group, number in zip(groups, numbers, strict=True)
        }
        for socket in sockets:
            socket.offer(texts[socket.group])

    async def _signed_out(self) -> list[Socket]:
        sockets = list(self.sockets)
        try:
            signed_in = await _signed_in({one.session_key: one.user_id for one in sockets})
        except DatabaseError as error:
            logger.warning("Nobody knows who is still signed in, because the database is away: %s", error)
            return []
        return [one for one in sockets if one.session_key not in signed_in]

    def _end(self, sockets: list[Socket], code: int) -> None:
        """Closes in tasks of their own: saying goodbye to a client that does not answer takes seconds."""
        for socket in sockets:
            self.sockets.pop(socket, None)
            task = asyncio.create_task(_close(socket, code))
            self.closing.add(task)
            task.add_done_callback(self.closing.discard)


async def _close(socket: Socket, code: int) -> None:
    with contextlib.suppress(RuntimeError, OSError):
        await socket.close(code)


@database_sync_to_async
def _signed_in(people: dict[str, int]) -> set[str]:
    """Those of the session keys that still stand for somebody who may be here."""
    sessions = Session.objects.filter(session_key__in=people.keys(), expire_date__gt=timezone.now())
    active = set(User.objects.filter(pk__in=people.values(), is_active=True).values_list("pk", flat=True))
    return {key for key in sessions.values_list("session_key", flat=True) if people[key] in active}


_pulses: WeakKeyDictionary[asyncio.AbstractEventLoop, Pulse] = WeakKeyDictionary()


async def join(socket: Socket) -> None:
    """Sends the socket its ``hello`` and then a pulse every few seconds."""
    await _pulse().join(socket)


def leave(socket: Socket) -> None:
    _pulse().sockets.pop(socket, None)


def _pulse() -> Pulse:
    loop = asyncio.get_running_loop()
    if loop not in _pulses:
        _pulses[loop] = Pulse()
    return _pulses[loop]
