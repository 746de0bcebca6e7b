"""What a worker tells about itself with each sign of life: how busy it is, on what, and for how long messages waited.

It is read from what Celery keeps in the worker's parent process anyway, so nobody ever has to ask a worker.
"""

import json
import logging
import re
import time
from collections import deque
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis
from celery import signals

from probes import broker
from probes.subjects import subject_of

logger = logging.getLogger(__name__)

ERRORS_KEY = "meridian:errors"
ERRORS_SECONDS = 7 * 24 * 3600
LONGEST_ERROR = 300
PUBLISHED = "meridian_published"
"""The header that says when a message was sent, in seconds since 1970."""
BEATS_A_MINUTE = 30


@dataclass
class Beat:
    """``done`` counts tasks since the worker began, ``waits`` are the longest in seconds by queue."""

    done: int
    waits: dict[str, float] = field(default_factory=dict)


@dataclass
class Parent:
    """What this process knows of itself. ``beats`` are those of the last minute; the newest is still being filled.

    ``controller`` is Celery's; through it, importing nothing, one sees what the worker is at. None until it is ready.
    """

    node: str = ""
    controller: Any = None
    beats: deque[Beat] = field(default_factory=lambda: deque(maxlen=BEATS_A_MINUTE))

    @property
    def done(self) -> int:
        return int(self.controller.state.all_total_count[0]) if self.controller else 0

    def next_beat(self) -> tuple[int, dict[str, float]]:
        """How many tasks were taken, and the longest wait in seconds by queue, both in the last minute."""
        done = self.done
        before = self.beats[0].done if self.beats else done
        waits: dict[str, float] = {}
        for beat in self.beats:
            for queue, seconds in beat.waits.items():
                waits[queue] = max(seconds, waits.get(queue, 0.0))
        self.beats.append(Beat(done))
        return done - before, waits


parent = Parent()


@signals.celeryd_init.connect
def remember_name(sender: str, **kwargs: object) -> None:
    """Before the children are forked, so that they know it too."""
    parent.node = sender


@signals.worker_ready.connect
def remember_controller(sender: Any, **kwargs: object) -> None:
    parent.controller = sender.controller


@signals.before_task_publish.connect
def stamp(headers: MutableMapping[str, Any], **kwargs: object) -> None:
    headers[PUBLISHED] = time.time()


@signals.task_received.connect
def note_wait(request: Any, **kwargs: object) -> None:
    published = request.request_dict.get(PUBLISHED)
    if parent.beats and isinstance(published, (int, float)):
        waits, queue = parent.beats[-1].waits, str(request.delivery_info.get("routing_key"))
        # Clocks of two machines differ a little.
        waits[queue] = max(time.time() - published, waits.get(queue, 0.0))


@signals.task_failure.connect
def note_failure(sender: Any, exception: BaseException, args: Sequence[Any] = (), **kwargs: object) -> None:
    """In the child that failed, or in the parent of one that was lost. Results are never errors: a bug is."""
    error = {
        "at": time.time(),
        "task": sender.name,
        "error": in_words(exception),
        **subject_of(sender.name, args),
    }
    try:
        pipeline = broker.client().pipeline(transaction=False)
        pipeline.hset(ERRORS_KEY, parent.node, json.dumps(error))
        pipeline.expire(ERRORS_KEY, ERRORS_SECONDS)
        pipeline.execute()
    except redis.RedisError as away:
        logger.warning("The broker did not take the last error of %s: %s", parent.node, away)


def in_words(exception: BaseException) -> str:
    """Its type and the first line of what it says, without the passwords of addresses."""
    said = str(exception).strip().split("\n", 1)[0]
    said = re.sub(r"//[^\s/@]*(/[^\s@]*)?@", "//…@", said)
    return f"{type(exception).__name__}: {said}"[:LONGEST_ERROR] if said else type(exception).__name__


def working() -> Mapping[str, object]:
    """What `vantages` adds to this worker's sign of life."""
    per_minute, waits = parent.next_beat()
    controller = parent.controller
    pool = controller.pool.info if controller else {}
    return {
        "node": parent.node,
        "slots": pool.get("max-concurrency", 0),
        # A pool of threads has none.
        "processes": list(pool.get("processes", [])),
        "doing": [_doing(one) for one in list(controller.state.active_requests)] if controller else [],
        "done": parent.done,
        "per_minute": per_minute,
        "waits": {queue: round(max(seconds, 0.0), 3) for queue, seconds in waits.items()},
    }


def _doing(request: Any) -> dict[str, object]:
    return {
        "task": request.name,
        "pid": request.worker_pid,
        "since": request.time_start,
        **subject_of(request.name, request.args),
    }
