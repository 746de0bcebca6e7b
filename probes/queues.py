"""Which queue a probe waits in: one pair a vantage, because load must never delay latency."""

from collections.abc import Callable
from functools import partial

import kombu.exceptions
import redis
from celery.exceptions import Reject
from kombu.utils.functional import retry_over_time

from probes.engine.outcome import Kind

RECORD = "record"
HOUSEKEEPING = "housekeeping"
ASSISTANT = "assistant"

AWAY = (kombu.exceptions.OperationalError, redis.RedisError)
"""What sending raises when the broker is out of reach."""


def queue_for(vantage: str, kind: Kind) -> str:
    return f"load.{vantage}" if kind == "load" else f"probes.{vantage}"


def queues_of(vantage: str) -> list[str]:
    return [f"probes.{vantage}", f"load.{vantage}"]


def hand_over(send: Callable[..., object], **message: object) -> None:
    """Sends what nobody else has, and waits for the broker for about a minute, longer than one takes to come back.

    ``send`` is a task's ``apply_async``, or its ``retry``, which turns whatever goes wrong into `Reject`. Raises `AWAY` or
    that. Kombu's own repetition is of no use here: when the broker goes while a queue is declared, it closes the
    channel on which it then publishes.
    """
    once = partial(send, retry=False, **message)
    retry_over_time(
        once, (*AWAY, Reject), max_retries=40, interval_start=0.1, interval_step=0.2, interval_max=2.0
    )
