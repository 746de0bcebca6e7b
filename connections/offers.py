"""What somebody deleted a moment ago and may undo: kept in their session, so that whatever page comes next offers it."""

import time
from dataclasses import dataclass

from django.http import HttpRequest

from connections.deleting import OFFERED_SECONDS
from connections.models import Connection

KEY = "deleted"
MOST = 5


@dataclass(frozen=True)
class Offer:
    """``seconds`` is how long it still stands."""

    pk: int
    name: str
    seconds: int


def make(request: HttpRequest, connection: Connection) -> None:
    """Offers to undo the deletion from now on, and forgets what is offered no longer."""
    standing = [kept for kept in _kept(request) if kept[0] != connection.pk and kept[2] > time.time()]
    latest = (connection.pk, connection.name, time.time() + OFFERED_SECONDS)
    request.session[KEY] = [*standing, latest][-MOST:]


def withdraw(request: HttpRequest, pk: int) -> None:
    request.session[KEY] = [kept for kept in _kept(request) if kept[0] != pk]


def standing(request: HttpRequest) -> list[Offer]:
    """Newest last."""
    now = time.time()
    return [Offer(pk, name, round(until - now)) for pk, name, until in _kept(request) if until > now]


def _kept(request: HttpRequest) -> list[tuple[int, str, float]]:
    kept: list[tuple[int, str, float]] = request.session.get(KEY, [])
    return kept
