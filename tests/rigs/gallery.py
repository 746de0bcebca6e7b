"""A page of charts behind the real application's middleware (static files, CSP, sign-in), on a port of its own.

No database: its pages need no sign-in, and a browser without a session asks nothing of one.
"""

import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import engines
from django.urls import path

from config.urls import urlpatterns as pages


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Handler(WSGIHandler):
    """The application with the gallery's addresses beside its own."""

    def __init__(self, addresses: tuple[Any, ...]) -> None:
        super().__init__()
        self._addresses = addresses

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        request.urlconf = self._addresses  # type: ignore[assignment]  # Django takes patterns as well
        return super().get_response(request)


class Gallery:
    """Serves `/gallery`, a template, and `/charts/<name>`: what `charts` has for a name, as JSON, a status, or both."""

    def __init__(self, page: Path, charts: dict[str, Any]) -> None:
        self.charts = charts
        self.asked: list[str] = []
        self._page = page
        addresses = (
            path("gallery", self._show),
            path("charts/<name>", self._chart),
            *pages,
        )
        self._server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
        self._server.set_app(_Handler(addresses))
        self.url = f"http://127.0.0.1:{self._server.server_port}/gallery"

    def __enter__(self) -> "Gallery":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @login_not_required
    def _show(self, request: HttpRequest) -> HttpResponse:
        template = engines["django"].from_string(self._page.read_text())
        return HttpResponse(template.render({"charts": self.charts}, request))

    @login_not_required
    def _chart(self, request: HttpRequest, name: str) -> HttpResponse:
        self.asked.append(name)
        found = self.charts[name]
        if isinstance(found, HTTPStatus):
            return HttpResponse(status=found)
        status, json = found if isinstance(found, tuple) else (HTTPStatus.OK, found)
        return JsonResponse(json, safe=False, status=status)
