"""Hands outcomes over to the recorder, whatever the broker does meanwhile."""

import asyncio
import contextlib
import logging
from typing import Any

from probes import queues, recorder
from probes.engine.outcome import Outcome
from probes.jobs import SealedJob
from probes.work import memory

logger = logging.getLogger(__name__)

HAND_OVER_SECONDS = 0.25


def hand_over_trial(token: str, outcome: Outcome) -> None:
    """What a trial found, for as long as its form may ask."""
    queues.hand_over(recorder.record_trial.apply_async, args=[token, outcome.as_dict()], queue=queues.RECORD)


class Handing:
    """Sends the outcome of a single probe at once and those of many a few times a second, because each message has a
    price of its own for the recorder. Off the loop: a slow broker strains no probe.
    """

    def __init__(self, job: SealedJob) -> None:
        self._job = job
        self._found: list[tuple[int, Outcome]] = []
        self._some = asyncio.Event()
        self._closed = asyncio.Event()

    def add(self, key: int, outcome: Outcome) -> None:
        self._found.append((key, outcome))
        self._some.set()

    def close(self) -> None:
        """Nothing more comes; `run` ends once everything is sent."""
        self._closed.set()
        self._some.set()

    async def run(self) -> None:
        while self._found or not self._closed.is_set():
            await self._some.wait()
            if len(self._job.targets) > 1:
                await self._gather()
            self._some.clear()
            found, self._found = self._found, []
            if found:
                self._require_memory()
                outcomes = [(key, outcome.as_dict()) for key, outcome in found]
                await asyncio.to_thread(self._send, outcomes)

    async def _gather(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HAND_OVER_SECONDS):
                await self._closed.wait()

    def _require_memory(self) -> None:
        # A probe may have failed because another one left it no memory, so none of them is believed. A load test is
        # alone, has hundreds of connections, and would not be repeated.
        if self._job.kind != "load" and memory.is_suspect():
            memory.give_up(f"its probes of job {self._job.id} took too much memory")

    def _send(self, outcomes: list[tuple[int, dict[str, Any]]]) -> None:
        try:
            queues.hand_over(
                recorder.record.apply_async,
                args=[str(self._job.run_id), self._job.vantage, outcomes],
                queue=queues.RECORD,
            )
        except queues.AWAY as error:
            logger.error(
                "%d outcomes of job %s found no broker; the reaper looks after them: %s",
                len(outcomes),
                self._job.id,
                error,
            )
