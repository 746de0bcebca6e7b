"""The processes that `up` runs besides PostgreSQL and Valkey, and how each is started."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from config.stack.delay import Route
from config.stack.keeper import Part

PROJECT = Path(__file__).resolve().parents[2]

PROBE_CHILDREN = 6
"""They mostly wait. A run is spread over two of them, so that dead servers in it leave room for whoever presses Test."""
ANSWERS_AT_ONCE = 24
"""Each is a thread, which mostly waits for Ollama."""
_YES = {"1", "true", "yes", "on"}
_ROOT_WARNING = "ignore:You're running the worker with superuser privileges"


def web(host: str, port: int, environment: Mapping[str, str], *, reload: bool) -> Part:
    options = {
        "--host": host,
        "--port": str(port),
        "--log-level": "warning",
        # Pages and sockets send little; nobody needs a message of megabytes.
        "--ws-max-size": "65536",
        "--ws": "websockets-sansio",
        # An event goes to a thousand pages at once: compressing it for each of them would take longer than all the rest.
        "--ws-per-message-deflate": "false",
        "--timeout-graceful-shutdown": "3",
    }
    words = [word for pair in options.items() for word in pair]
    words += ["--no-access-log", "--no-server-header", *(["--reload"] if reload else [])]
    if environment.get("MERIDIAN_TRUST_PROXY", "").strip().lower() not in _YES:
        # Or anybody on this machine could say to come from another address, and sign-in attempts are counted by it.
        words.append("--no-proxy-headers")
    return _python("web", environment, "uvicorn", "config.asgi:application", *words)


def workers(vantage: str, environment: Mapping[str, str]) -> list[Part]:
    """Five pools, so that load never disturbs latency, and nothing that takes long delays recording; and beat."""
    return [
        _pool("probes", [f"probes.{vantage}"], PROBE_CHILDREN, environment),
        _pool("load", [f"load.{vantage}"], 1, environment),
        _pool("recorder", ["record"], 1, environment),
        _pool("housekeeping", ["housekeeping"], 1, environment),
        _pool("assistant", ["assistant"], ANSWERS_AT_ONCE, environment, "--pool", "threads"),
        _celery(
            "beat",
            environment,
            *("beat", "--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"),
            *("--pidfile", "", "--loglevel", "warning"),
        ),
    ]


def prepare(environment: Mapping[str, str]) -> Part:
    """Runs to its end before the others start: migrations, the administrator, first connections."""
    return Part(
        name="prepare",
        command=[sys.executable, "manage.py", "prepare"],
        environment=environment,
        folder=PROJECT,
    )


def delays(routes: Sequence[Route]) -> Part:
    return _python("distance", {}, "config.stack.delay", *map(str, routes))


def _pool(name: str, queues: list[str], children: int, environment: Mapping[str, str], *words: str) -> Part:
    return _celery(
        name,
        environment,
        *("worker", "--queues", ",".join(queues), "--hostname", f"{name}@%h"),
        *("--concurrency", str(children), "--without-gossip", "--without-mingle", "--loglevel", "warning"),
        *words,
    )


def _celery(name: str, environment: Mapping[str, str], *words: str) -> Part:
    part = _python(name, {**environment, "DATABASE_POOL": "0"}, "celery", "-A", "config", "--quiet", *words)
    # Root runs `up` in containers; the pools take no pickled messages, which is what Celery warns of.
    return replace(part, command=[sys.executable, "-W", _ROOT_WARNING, *part.command[1:]])


def _python(name: str, environment: Mapping[str, str], module: str, *words: str) -> Part:
    command = [sys.executable, "-m", module, *words]
    return Part(name=name, command=command, environment=environment, folder=PROJECT)
