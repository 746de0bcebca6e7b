"""Is this process up, and can it do its work: for load balancers, and for ``up`` while it starts."""

from dataclasses import asdict
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from probes import vantages
from probes.history import Refused, patience
from probes.history.status import brief

HISTORY_SECONDS = 2


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database, the broker, a worker of each queue of the home vantage and beat answer, else 503.

    Each part says ``ok`` or what is away in words that hold no address and no secret. ``history`` tells what the
    results are kept on; it is null when the database does not answer, and changes nothing about being ready.
    """
    parts = {"database": database(), **broker_and_parts()}
    ready = all(answer == "ok" for answer in parts.values())
    answer = {
        "status": "ready" if ready else "not ready",
        "parts": parts,
        "history": history() if parts["database"] == "ok" else None,
    }
    return JsonResponse(answer, status=200 if ready else 503)


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "The database does not answer."
    return "ok"


def history() -> dict[str, Any] | None:
    """What the results are kept on; None before the tables are made, and while something holds them up."""
    try:
        with patience(HISTORY_SECONDS):
            return asdict(brief())
    except (DatabaseError, Refused):
        return None


def broker_and_parts() -> dict[str, str]:
    """The broker, and what is told through it; asked once, since each question to a broker that hangs takes seconds."""
    try:
        away = vantages.away(settings.VANTAGE)
    except redis.RedisError:
        unknown = "Unknown, because the broker does not answer."
        return {"broker": "The broker does not answer.", "workers": unknown, "beat": unknown}
    queues = [name for name in away if name != vantages.REAPER]
    return {
        "broker": "ok",
        "workers": f"No live worker takes from: {', '.join(queues)}." if queues else "ok",
        "beat": "Nothing that beat asks for has been done lately." if vantages.REAPER in away else "ok",
    }
