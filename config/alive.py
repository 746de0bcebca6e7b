"""Whether the part in this container lives: for the health checks of containers, and cheap enough for every few seconds.

    python -m config.alive web|worker|beat

Exit code 0 when it does, 1 with a word when not.
"""

import os
import socket
import sys
import urllib.error
import urllib.request

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import redis
from django.conf import settings

from probes import vantages

SECONDS = 3.0


def web() -> str:
    """What is wrong; "" when the web process answers."""
    name = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    port = os.environ.get("PORT", "8000")
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": name})
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        return f"/healthz answers {error.code}."
    except OSError:
        return "The web process does not answer."


def worker() -> str:
    """What is wrong; "" when a pool of this host said lately that it lives."""
    try:
        return "" if vantages.lives_on(socket.gethostname()) else "No pool of this host says that it lives."
    except redis.RedisError:
        return "The broker does not answer."


def beat() -> str:
    """What is wrong; "" when what beat asks for is done."""
    try:
        away = vantages.REAPER in vantages.away(settings.VANTAGE)
    except redis.RedisError:
        return "The broker does not answer."
    return "Nothing that beat asks for has been done lately." if away else ""


PARTS = {"web": web, "worker": worker, "beat": beat}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PARTS:
        sys.exit(f"Say which part: {', '.join(PARTS)}.")
    sys.exit(PARTS[sys.argv[1]]() or 0)
