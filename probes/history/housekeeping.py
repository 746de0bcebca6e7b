"""What beat asks for, so that the history stays small and quick. Each task does a second's work and leaves the rest.

Each step is short: the recorder may wait for its locks, and the reaper for its process. Any of them may come twice, or
from two beats at once: every step is a transaction that one of them gets and the others leave.
"""

import logging
import time
from collections.abc import Callable

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from probes.history import policies, purge, retention, rollup

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 1.0


@shared_task(name="probes.roll_up")
def roll_up() -> None:
    now = timezone.now()
    _for_a_while(rollup.fold_again)
    _for_a_while(lambda: rollup.advance(now))
    _for_a_while(lambda: policies.agree(now))


@shared_task(name="probes.purge")
def purge_deleted() -> None:
    _for_a_while(purge.purge_some)


@shared_task(name="probes.retain")
def retain() -> None:
    now = timezone.now()
    _for_a_while(lambda: retention.drop_results(now))
    _for_a_while(lambda: retention.drop_hours(now))
    _for_a_while(lambda: retention.drop_runs(now))


def _for_a_while(step: Callable[[], bool]) -> None:
    """Takes steps as long as there are any, and time."""
    until = time.monotonic() + BUDGET_SECONDS
    try:
        while step() and time.monotonic() < until:
            pass
    except OperationalError as error:
        # A lock that somebody else holds for long, or the database went away: the next tick tries again.
        logger.warning("The history's housekeeping was put off: %s", error)
