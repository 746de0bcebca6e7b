"""The API in the web process: from a connection to a request and back, in a few threads that stay.

Django's own handler makes a thread and a database connection of its own for each request, and a thread for whoever
waits. Here whoever waits holds neither.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import Any

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from config.entrance import MOST_BYTES, TOO_LARGE, answered, answered_later, finished, is_api
from config.problems import problem
from probes import pooling
from probes.waiting import Later

THREADS = 6
"""Fewer than there are database connections: pages need some, too."""
UNREADABLE = "The request cannot be read."

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def beside_pages(pages: ASGIHandler) -> App:
    """The web process's application: `ApiHandler` for the API, ``pages`` for everything else."""
    api = ApiHandler()

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await (api if is_api(scope["path"]) else pages)(scope, receive, send)

    return application


class ApiHandler(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="api")

    def load_middleware(self, is_async: bool = False) -> None:
        """None: what there is to do is in `config.entrance`."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            body = await _body(receive)
        except RequestAborted:
            return
        set_script_prefix(get_script_prefix(scope))
        request, _ = self.create_request(scope, BytesIO(body[:MOST_BYTES]))
        if request is None:
            await self.send_response(problem(400, UNREADABLE), send)
            return
        if len(body) > MOST_BYTES:
            await self.send_response(finished(request, problem(413, TOO_LARGE)), send)
            return
        gone = asyncio.create_task(self.listen_for_disconnect(receive))
        work = asyncio.create_task(self._answer(request, send))
        await asyncio.wait([gone, work], return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, work):
            task.cancel()
        await asyncio.gather(gone, work, return_exceptions=True)
        if work.done() and not work.cancelled() and (error := work.exception()):
            raise error

    async def _answer(self, request: HttpRequest, send: Send) -> None:
        answer = await self._in_thread(partial(answered, request))
        if isinstance(answer, Later):
            await answer.wait()
            answer = await self._in_thread(partial(answered_later, request, answer))
        try:
            await self.send_response(answer, send)
        finally:
            if answer.streaming:
                await self._in_thread(answer.close)

    async def _in_thread(self, do: Callable[[], Any]) -> Any:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self.threads, context.run, _once, do)


def _once(do: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        return do()
    finally:
        pooling.give_back()


async def _body(receive: Receive) -> bytes:
    """The body, or a little more than it may have; the rest of that is not read."""
    parts, size, more = [], 0, True
    while more and size <= MOST_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts)
