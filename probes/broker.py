"""The one connection pool to Redis or Valkey, for claims, leases, heartbeats and live events."""

from functools import cache

import redis
from django.conf import settings


@cache
def client() -> redis.Redis:
    """A thread-safe and fork-safe client; every answer is bytes. A call fails in two seconds when Redis hangs."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=2,
        socket_timeout=2,
        health_check_interval=15,
    )
