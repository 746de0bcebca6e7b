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
FORGOTTEN_AFTER = 3_600.0
"""Seconds for which a part that was killed is still told of, so that people and alarms can see which one it was."""

Sign = Mapping[str, Any]


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

    Raises `redis.RedisError` when the broker is away, too. Parts that died long ago are forgotten on the way.
    """
    client = broker.client()
    told = cast(dict[bytes, bytes], client.hgetall(KEY))
    signs = {name: json.loads(text) for name, text in told.items()}
    live = {name: sign for name, sign in signs.items() if not is_silent(sign)}
    if forgotten := _forgotten({name: sign for name, sign in signs.items() if name not in live}, live):
        client.hdel(KEY, *forgotten)
    taken = {queue for sign in live.values() for queue in sign["takes"]}
    missing = [queue for queue in needed(home) if queue not in taken]
    return missing if REAPER.encode() in live else [*missing, REAPER]


def is_silent(sign: Sign) -> bool:
    return bool(time.time() - sign["at"] > SILENT_AFTER)


def _forgotten(silent: Mapping[bytes, Sign], live: Mapping[bytes, Sign]) -> list[bytes]:
    """Of those that are silent: the ones that have been for long, and the ones that were started again."""
    again = {sign["node"] for sign in live.values() if sign.get("node")}
    long_ago = time.time() - FORGOTTEN_AFTER
    return [name for name, sign in silent.items() if sign["at"] < long_ago or sign.get("node") in again]


def lives_on(host: str) -> bool:
    """Whether a worker of this host said lately that it lives. Raises `redis.RedisError`."""
    signs = cast(dict[bytes, bytes], broker.client().hgetall(KEY))
    mine = [json.loads(text) for name, text in signs.items() if name.startswith(f"{host}:".encode())]
    return any(not is_silent(sign) for sign in mine)


def away_changed(home: str) -> bool:
    """Whether other parts are away than when somebody last asked this. Raises `redis.RedisError`."""
    now = ",".join(away(home)).encode()
    return bool((broker.client().set(AWAY_KEY, now, get=True) or b"") != now)
