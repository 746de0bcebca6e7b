"""What follows once a run is accepted: open pages are told, and its jobs leave for their queues.

In the web process a thread does this for all runs that were accepted meanwhile together, so that many at once cost
little. A process that ends in order finishes it first; what one that dies has left is in the outbox, from which the
reaper publishes it.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from probes import fragments, outbox, pooling
from probes.models import Job, Run

logger = logging.getLogger(__name__)

AT_ONCE = 100
MOST_WAITING = 5_000
"""Runs. While a broker hangs, more than are begun could be accepted for ever; the outbox holds them anyway."""
FINISH_SECONDS = 2.0


@dataclass(frozen=True)
class Accepted:
    """A run that is durable, its jobs, and the connections whose rows are shown waiting."""

    run: Run
    jobs: Sequence[Job]
    shown: Sequence[int]


class _Beginner:
    """The thread, and the runs that wait for it."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Accepted | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="beginning", daemon=True)
        self._thread.start()

    def take(self, accepted: Accepted) -> None:
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(accepted)
        else:
            logger.warning("Run %s is left to the reaper: too many wait to be begun", accepted.run.pk)

    def finish(self) -> None:
        self._waiting.put(None)
        self._thread.join(FINISH_SECONDS)

    def _work(self) -> None:
        more = True
        while more:
            taken = [self._waiting.get()]
            while len(taken) < AT_ONCE and not self._waiting.empty():
                taken.append(self._waiting.get())
            more = None not in taken
            accepted = [one for one in taken if one is not None]
            try:
                if accepted:
                    begin(accepted)
            except Exception:
                # The outermost edge of the thread: the reaper publishes what was left.
                logger.exception(
                    "%d runs were accepted and not begun; they begin within seconds", len(accepted)
                )
            finally:
                pooling.give_back()


_beginner: _Beginner | None = None


def soon(accepted: Accepted) -> None:
    """At once, or by the thread of `in_background`."""
    if _beginner is None:
        begin([accepted])
    else:
        _beginner.take(accepted)


def begin(accepted: Sequence[Accepted]) -> None:
    # Before the first message leaves: rows that wait must not be drawn over rows that have their result.
    fragments.announce_runs({one.run: one.shown for one in accepted})
    outbox.publish([job for one in accepted for job in one.jobs])


def in_background() -> None:
    """From now on this process answers first and publishes then."""
    global _beginner
    if _beginner is None:
        _beginner = _Beginner()


def finish() -> None:
    """Begins what waits, unless that takes longer than a moment; from now on `soon` is at once again."""
    global _beginner
    ending, _beginner = _beginner, None
    if ending is not None:
        ending.finish()
