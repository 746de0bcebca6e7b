"""Who asks the API: whoever shows a personal token, and nobody by a session, so that no page can ask in their name."""

import time
from hashlib import sha256
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from config import limits
from config.models import ApiToken

MISSING = "Show a token: Authorization: Bearer mrd_… You get one on the page “API tokens”."
WRONG = (
    "This token is not one of ours, has expired, or was revoked. You get a new one on the page “API tokens”."
)
TOO_MANY_WRONG = "Too many wrong tokens came from this address. Try again later, with one that works."
TOO_MANY = "Too many requests came with this token. Wait as long as Retry-After says."
KNOWN_SECONDS = 1.0
"""How long a token that worked is taken to work still: a program that asks often is looked up once a second."""
MOST_KNOWN = 1000
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Meridian"'}


class Turned(HttpError):
    """A request that is turned away before anything is done; ``headers`` say how to do better."""

    def __init__(self, status: int, message: str, headers: dict[str, str]) -> None:
        super().__init__(status, message)
        self.headers = headers


class PersonalToken(HttpBearer):
    """Makes the token's user the request's. Raises `Turned`."""

    def __call__(self, request: HttpRequest) -> Any:
        if not request.headers.get(self.header):
            raise Turned(401, MISSING, CHALLENGE)
        found = super().__call__(request)
        if found is None:
            raise _wrong(request)
        return found

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = _known(token.strip())
        if found is None:
            return None
        count = limits.count_request(found.pk)
        if count is not None:
            request.rate = count  # type: ignore[attr-defined]
            if count.exceeded:
                raise Turned(429, TOO_MANY, count.headers)
        found.note_use(timezone.now())
        request.user = found.user
        return found


_found: dict[bytes, tuple[float, ApiToken]] = {}


def _known(text: str) -> ApiToken | None:
    key, now = sha256(text.encode("utf-8", "replace")).digest(), time.monotonic()
    at, token = _found.get(key, (-KNOWN_SECONDS, None))
    if token is not None and now - at < KNOWN_SECONDS:
        return token
    token = ApiToken.of_text(text)
    if token is not None:
        if len(_found) >= MOST_KNOWN:
            _found.clear()
        _found[key] = now, token
    return token


def _wrong(request: HttpRequest) -> Turned:
    """A right token is never turned away for the wrong ones of a neighbour behind the same address."""
    count = limits.count_wrong_token(request.META.get("REMOTE_ADDR", ""))
    if count is not None and count.exceeded:
        return Turned(429, TOO_MANY_WRONG, {"Retry-After": str(count.reset)})
    return Turned(401, WRONG, CHALLENGE)
