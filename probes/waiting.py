"""Waiting for a run to end without holding a thread or a database connection.

All who wait in a process are one question to the database five times a second, however many they are.
"""

import asyncio
import contextvars
import logging
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import DatabaseError
from django.http import HttpResponse

from probes import pooling
from probes.models import Run

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
LONGEST = 300
"""Seconds that somebody may ask to wait; proxies close what is silent for longer."""
MOST_WAITING = 1000
"""Whoever comes then is answered at once, as if the time were up."""


class _Watch:
    """Those who wait on one event loop."""

    def __init__(self) -> None:
        self.waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self.count = 0
        self.looking: asyncio.Task[None] | None = None

    async def wait(self, run_id: UUID, seconds: float) -> None:
        ended = asyncio.Event()
        self.waiting[run_id].add(ended)
        self.count += 1
        if self.looking is None or self.looking.done():
            # In a context of its own: that of the request ends before others have waited long enough.
            self.looking = asyncio.get_running_loop().create_task(self._look(), context=contextvars.Context())
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            pass
        finally:
            self.count -= 1
            self.waiting[run_id].discard(ended)
            if not self.waiting[run_id]:
                del self.waiting[run_id]

    async def _look(self) -> None:
        while self.waiting:
            for run_id in await sync_to_async(_ended)(list(self.waiting)):
                for event in self.waiting.get(run_id, ()):
                    event.set()
            await asyncio.sleep(LOOK_SECONDS)


class Later(HttpResponse):
    """Says that the answer comes once the run has ended, or the time is up: what ``then`` returns."""

    def __init__(self, run_id: UUID, seconds: float, then: Callable[[], HttpResponse]) -> None:
        super().__init__(status=202)
        self.then = then
        self._run_id, self._seconds = run_id, seconds

    async def wait(self) -> None:
        await until_ended(self._run_id, self._seconds)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch] = WeakKeyDictionary()


async def until_ended(run_id: UUID, seconds: float) -> None:
    """Returns when the run has ended or is gone, when the time is up, or at once when too many wait already."""
    watch = _watches.setdefault(asyncio.get_running_loop(), _Watch())
    if seconds > 0 and watch.count < MOST_WAITING:
        await watch.wait(run_id, seconds)


def _ended(run_ids: list[UUID]) -> set[UUID]:
    try:
        return set(run_ids) - set(Run.objects.open().filter(pk__in=run_ids).values_list("pk", flat=True))
    except DatabaseError as error:
        logger.warning("Those who wait for runs wait on, because the database is away: %s", error)
        return set()
    finally:
        pooling.give_back()
