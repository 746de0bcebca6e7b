"""How often somebody may ask: requests a minute for each token, wrong tokens a minute for each address.

Counted in Redis over minutes of the clock. When Redis is away nothing is counted and nobody is refused: the API still
accepts runs then.
"""

import logging
import time
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from redis.commands.core import Script

from probes import broker

logger = logging.getLogger(__name__)

WINDOW = 60
"""Seconds."""
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""


@dataclass(frozen=True)
class Count:
    """Where a count stands: ``used`` of ``limit``, until it begins anew in ``reset`` seconds."""

    limit: int
    used: int
    reset: int

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """What a well-behaved program slows down by (draft-ietf-httpapi-ratelimit-headers)."""
        found = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset),
        }
        return found | ({"Retry-After": str(self.reset)} if self.exceeded else {})


def count_request(token: int) -> Count | None:
    """Counts one request of a token; None when nobody counts."""
    return _count(f"token:{token}", settings.API_REQUESTS_PER_MINUTE)


def count_wrong_token(address: str) -> Count | None:
    """Counts one wrong token from an address; None when nobody counts."""
    return _count(f"wrong:{address}", settings.API_WRONG_TOKENS_PER_MINUTE)


def _count(name: str, limit: int) -> Count | None:
    if not limit:
        return None
    now = int(time.time())
    minute = now // WINDOW
    try:
        used = int(_script()(keys=[f"meridian:api:{name}:{minute}"], args=[WINDOW]))
    except redis.RedisError as error:
        logger.warning("Requests to the API are not counted, because the broker is away: %s", error)
        return None
    return Count(limit, used, (minute + 1) * WINDOW - now)


@cache
def _script() -> Script:
    return broker.client().register_script(_COUNT)
