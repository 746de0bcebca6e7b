"""Tells open pages how far the probe of a job with one target is, a few times a second at most."""

import asyncio
import contextlib
from collections.abc import Callable

from probes import progress
from probes.jobs import SealedJob
from probes.progress import Report

TELL_SECONDS = 0.25


class Teller:
    """Takes reports as often as they come and publishes the newest, off the loop: a slow broker strains no probe."""

    def __init__(self, job: SealedJob) -> None:
        self._job = job
        self._newest: Callable[[], Report] | None = None
        self._closed = asyncio.Event()

    def tell(self, report: Callable[[], Report]) -> None:
        """Called for each round trip: the report is made only when it is its turn."""
        self._newest = report

    def close(self) -> None:
        """Nothing more comes; `run` ends once the newest report is published, after the one that is on its way."""
        self._closed.set()

    async def run(self) -> None:
        if len(self._job.targets) != 1:
            return
        while not self._closed.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TELL_SECONDS):
                    await self._closed.wait()
            await self._publish()
        # What came while the last one was on its way.
        await self._publish()

    async def _publish(self) -> None:
        newest, self._newest = self._newest, None
        if newest is not None:
            job = self._job
            await asyncio.to_thread(progress.publish, job.run_id, job.targets[0].key, job.vantage, newest())
