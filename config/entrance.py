"""The way into the API: nothing of what pages need is done for it, and every answer has its form.

Sessions, CSRF, messages and the like cost a request more than accepting a run does; a program that shows a token needs
none of them. So the web process hands what is under ``/api/`` to `config.handler`, and `ApiMiddleware`, the first of all,
does the same wherever a request comes another way.
"""

import logging
from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve

from config.problems import MEDIA_TYPE, problem
from config.refusals import answer_to
from probes.waiting import Later

logger = logging.getLogger(__name__)

ROOT = "/api/"
PAGES = ("/api/docs",)
"""For people with a browser: pages like all others."""
MOST_BYTES = 1_000_000
"""Of a body. A connection with three certificates takes a tenth of it."""
WITH_BODY = {"POST", "PUT", "PATCH"}
NOT_FOUND = "There is no such address in the API. /api/docs lists those that there are."
NOT_ALLOWED = "This address does not take {}. It takes {}."
INSECURE = "Ask over HTTPS: what came over HTTP could be read by others, the token included. Revoke it."
TOO_LARGE = f"The body is too large: it may have {MOST_BYTES:,} bytes."
NOT_JSON = "Send the body as JSON and say so: Content-Type: application/json."
UNPRINTABLE = "Leave NUL characters out of the address."
BROKEN = "Something broke on our side. It is in the log of the web process; nothing that you sent is wrong."

View = Callable[..., Any]


def is_api(path: str) -> bool:
    return path.startswith(ROOT) and not path.startswith(PAGES)


class ApiMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_api(request.path_info):
            return self.get_response(request)
        answer = answered(request)
        if isinstance(answer, Later):
            async_to_sync(answer.wait)()
            answer = answered_later(request, answer)
        return answer


def answered(request: HttpRequest) -> HttpResponseBase:
    """The answer to a request to the API, whatever it is. `Later` says that there is something to wait for first."""
    try:
        view, arguments = _view_of(request)
        answer = view(request, **arguments)
    except Exception as error:  # noqa: BLE001 - the outermost edge
        answer = _refused(request, error)
    return answer if isinstance(answer, Later) else finished(request, answer)


def answered_later(request: HttpRequest, later: Later) -> HttpResponseBase:
    """The answer once the waiting is over."""
    try:
        answer: HttpResponseBase = later.then()
    except Exception as error:  # noqa: BLE001 - the outermost edge
        answer = _refused(request, error)
    return finished(request, answer)


def _view_of(request: HttpRequest) -> tuple[View, dict[str, Any]]:
    """What answers, once the request may be looked at. Raises what `answer_to` knows, and `_Answered`."""
    request.get_host()
    if settings.HTTPS and not request.is_secure():
        raise _Answered(problem(403, INSECURE))
    if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path_info:
        raise _Answered(problem(400, UNPRINTABLE))
    if request.method in WITH_BODY:
        _require_json(request)
    try:
        match = resolve(request.path_info)
    except Http404:
        raise _Answered(problem(404, NOT_FOUND)) from None
    request.resolver_match = match
    return match.func, match.kwargs


def _require_json(request: HttpRequest) -> None:
    """Raises `_Answered` for a body that is too large or is not said to be JSON; one that is empty is neither."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isascii() and length.isdigit() else 0
    if size > MOST_BYTES or len(request.body) > MOST_BYTES:
        raise _Answered(problem(413, TOO_LARGE))
    if request.body and request.content_type != "application/json":
        raise _Answered(problem(415, NOT_JSON))


class _Answered(Exception):
    """The request is answered before any view saw it."""

    def __init__(self, answer: HttpResponse) -> None:
        self.answer = answer


def _refused(request: HttpRequest, error: Exception) -> HttpResponse:
    """The outermost edge: whatever nobody expected is logged, and said in the one form."""
    if isinstance(error, _Answered):
        return error.answer
    known = answer_to(error)
    if known is not None:
        return known
    logger.exception("%s %s failed", request.method, request.path)
    got_request_exception.send(sender=None, request=request)
    return problem(500, BROKEN)


def finished(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """The answer with what every answer of the API has."""
    if answer.status_code == 405 and answer.headers.get("Content-Type") != MEDIA_TYPE:
        allowed = ", ".join(sorted(answer.headers["Allow"].split(", ")))
        answer = problem(405, NOT_ALLOWED.format(request.method, allowed), headers={"Allow": allowed})
    if (count := getattr(request, "rate", None)) is not None:
        for name, value in count.headers.items():
            answer.headers.setdefault(name, value)
    if isinstance(answer, HttpResponse):
        answer.headers["Content-Length"] = str(len(answer.content))
    answer.headers.setdefault("Cache-Control", "no-store")
    # Whoever asked is told; anybody could fill the log with what they ask wrongly.
    answer._has_been_logged = answer.status_code < 500  # type: ignore[attr-defined]
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    return answer
