"""Live events: the group names, what travels in one, and the only place that publishes.

The message goes out as one script in Redis that counts and publishes together, so that numbers grow in the order
in which pages receive them. `exchange` hands what it says to the pages.
"""

import json
import logging
from collections.abc import Sequence
from functools import cache
from typing import Any, NotRequired, TypedDict
from uuid import UUID

import redis
from django.conf import settings
from redis.commands.core import Script

from probes import broker

logger = logging.getLogger(__name__)

FLEET = "fleet"
BROKER_KEY = "meridian:broker"
SEQ_SECONDS = 7 * 24 * 3600
"""How long a group's number outlives its last event; a page that is older than that fetches itself again."""


class Event(TypedDict):
    """A websocket frame to a page. ``html`` holds out-of-band fragments, ``spots`` what changed on the map (see
    `atlas.Spot.told`); ``resync`` asks the page to fetch itself anew."""

    kind: str
    seq: int
    html: NotRequired[str]
    spots: NotRequired[list[dict[str, Any]]]
    resync: NotRequired[bool]


COUNT_AND_PUBLISH = """
local seq = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
local text = '{"kind":"event","seq":' .. string.format('%d', seq) .. ',' .. ARGV[2] .. '}'
redis.call('PUBLISH', ARGV[1], cmsgpack.pack({type = 'live.event', text = text}))
return seq
"""

COUNT = """
for _, key in ipairs(KEYS) do
    redis.call('INCR', key)
    redis.call('EXPIRE', key, ARGV[1])
end
"""


def run_group(run: UUID) -> str:
    return f"run-{run}"


def connection_group(connection: int) -> str:
    return f"connection-{connection}"


def chat_group(conversation: int) -> str:
    return f"chat-{conversation}"


def seq_key(group: str) -> str:
    return f"{settings.LIVE_PREFIX}:seq:{group}"


def seq(group: str) -> int:
    """The number of the group's last event, or -1 when Redis does not answer: a page with -1 fetches itself again."""
    try:
        return int(broker.client().get(seq_key(group)) or 0)
    except redis.RedisError:
        return -1


def push(group: str, html: str, spots: Sequence[dict[str, Any]] = ()) -> None:
    """Sends rendered fragments, and what they change on the map, to every open page of the group."""
    drawn = f',"spots":{json.dumps(spots)}' if spots else ""
    _publish(group, f'"html":{json.dumps(html)}{drawn}')


def resync(*groups: str) -> None:
    """Tells every open page of the groups that what it shows has changed."""
    for group in groups:
        _publish(group, '"resync":true')


def catch_up_after_restart() -> None:
    """Makes every page fetch itself again when the broker is another process than when somebody last asked this.

    What could not be published while it was away was not counted either, so no page saw a gap.
    Raises `redis.RedisError`.
    """
    client = broker.client()
    process = client.info("server")["run_id"].encode()
    if client.get(BROKER_KEY) == process:
        return
    _resync_all()
    client.set(BROKER_KEY, process)


def resync_everything() -> None:
    """Tells every open page, whatever it shows, that something changed which all of them show."""
    try:
        _resync_all()
    except redis.RedisError as error:
        logger.warning("Open pages were not told of a change, because the broker is away: %s", error)


def _resync_all() -> None:
    # Pages of groups that had no event yet are known by their channels, those that are just loading by their numbers.
    client = broker.client()
    numbered = {key.decode().removeprefix(seq_key("")) for key in client.scan_iter(f"{seq_key('')}*")}
    heard = {
        name.decode().removeprefix(channel(""))
        for name in client.pubsub_channels(channel("*"))
        if isinstance(name, bytes)
    }
    resync(*sorted(numbered | heard))


def watched(groups: Sequence[str]) -> set[str]:
    """Those of the groups that some page has open. The others' events are counted here, for pages that just load."""
    client = broker.client()
    try:
        listeners = client.pubsub_numsub(*[channel(group) for group in groups])
        open_now = {group for group, (_, count) in zip(groups, listeners, strict=True) if count}
        unseen = [seq_key(group) for group in groups if group not in open_now]
        if unseen:
            # A thousand commands take ten times as long to write and read.
            _script(COUNT)(keys=unseen, args=[SEQ_SECONDS])
    except redis.RedisError as error:
        logger.warning("Nobody can be told of new results, because the broker is away: %s", error)
        return set()
    return open_now


def _publish(group: str, body: str) -> None:
    """An absent Redis is logged and nothing more: when it is back, `catch_up_after_restart` tells the pages."""
    try:
        _script(COUNT_AND_PUBLISH)(keys=[seq_key(group)], args=[channel(group), body, SEQ_SECONDS])
    except redis.RedisError as error:
        logger.warning("A live event of %s was not published: %s", group, error)


def channel(group: str) -> str:
    """Where `exchange` listens for a group."""
    return f"{settings.LIVE_PREFIX}__group__{group}"


@cache
def _script(text: str) -> Script:
    return broker.client().register_script(text)
