"""Which parts are alive: each worker says so every two seconds, the reaper each time it runs; silence shows in ten.

All of it is one hash in Redis, so that a page can ask in a single request.
"""

import json
import logging
import os
import socket
import time
from collections.abc import Mapping
from typing import Any, cast

import redis
from celery import signals
from django.conf import settings

from probes import broker, heartbeats, queues

logger = logging.getLogger(__name__)

KEY = "meridian:alive"
AWAY_KEY = "meridian:away"
REAPER = "reaper"
SILENT_AFTER = 10.0
"""Seconds after which a part that said nothing counts as away."""


@signals.heartbeat_sent.connect
def announce(sender: Any, **kwargs: object) -> None:
    """Notes the queues that this worker takes from. It runs in the worker's own parent process, never in a child."""
    names = [queue.name for queue in sender.eventer.app.amqp.queues.consume_from.values()]
    _note(_worker(), names, heartbeats.working())


@signals.worker_shutdown.connect
def leave(sender: object, **kwargs: object) -> None:
    """A worker that ends in order is missed at once."""
    try:
        broker.client().hdel(KEY, _worker())
    except redis.RedisError as error:
        logger.warning("The broker did not hear that this worker ends: %s", error)


def note_reaper() -> None:
    """Shows that beat ticks and that its messages are worked on."""
    _note(REAPER, [], {})


def _note(name: str, takes: list[str], more: Mapping[str, object]) -> None:
    try:
        broker.client().hset(KEY, name, json.dumps({**more, "at": time.time(), "takes": takes}))
    except redis.RedisError as error:
        logger.warning("The broker did not take the sign of life of %s: %s", name, error)


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def needed(home: str) -> list[str]:
    """The queues of the home site that some worker must take from."""
    always = [*queues.queues_of(home), queues.RECORD, queues.HOUSEKEEPING]
    return [*always, queues.ASSISTANT] if settings.CHAT_ENABLED else always


def away(home: str) -> list[str]:
    """What of the home site is away: its queues that nobody takes from, and the reaper. Nothing when all is well.

    Raises `redis.RedisError` when the broker is away, too. Parts that died are forgotten on the way.
    """
    client = broker.client()
    signs = {name: json.loads(text) for name, text in client.hgetall(KEY).items()}
    silent = [name for name, sign in signs.items() if time.time() - sign["at"] > SILENT_AFTER]
    if silent:
        client.hdel(KEY, *silent)
    taken = {queue for name, sign in signs.items() if name not in silent for queue in sign["takes"]}
    missing = [queue for queue in needed(home) if queue not in taken]
    return missing if REAPER.encode() in signs.keys() - set(silent) else [*missing, REAPER]


def lives_on(host: str) -> bool:
    """Whether a worker of this host said lately that it lives. Raises `redis.RedisError`."""
    signs = cast(dict[bytes, bytes], broker.client().hgetall(KEY))
    mine = [json.loads(text) for name, text in signs.items() if name.startswith(f"{host}:".encode())]
    return any(time.time() - sign["at"] <= SILENT_AFTER for sign in mine)


def away_changed(home: str) -> bool:
    """Whether other parts are away than when somebody last asked this. Raises `redis.RedisError`."""
    now = ",".join(away(home)).encode()
    return bool((broker.client().set(AWAY_KEY, now, get=True) or b"") != now)
