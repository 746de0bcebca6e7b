"""Which consumer answers which websocket path, and who may open one at all."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host
from django.urls import path, re_path

from assistant.consumers import ChatConsumer
from probes.consumers import LiveConsumer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class SameOrigin:
    """Admits a websocket only from a page of this very site: the Origin is its scheme and the host that was asked.

    Channels' own validator compares with ALLOWED_HOSTS, which admits any port and, with DEBUG, localhost.
    """

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        admitted = same_origin(headers, scope.get("scheme", "ws"))
        app: App = self.inner if admitted else WebsocketDenier.as_asgi()
        await app(scope, receive, send)


def same_origin(headers: dict[bytes, str], scheme: str) -> bool:
    """Whether a handshake that came by ``scheme`` is from a page of the site it is addressed to, or of a trusted origin."""
    origin = headers.get(b"origin", "")
    host = headers.get(b"host", "").lower()
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    site = f"{'https' if _is_secure(headers, scheme) else 'http'}://{host}"
    return origin.lower() == site and validate_host(name, settings.ALLOWED_HOSTS)


def _is_secure(headers: dict[bytes, str], scheme: str) -> bool:
    """Whether the page came by TLS, as Django tells it of a request: what ends TLS for us speaks plainly to us."""
    if settings.HTTPS:
        return True
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = headers.get(b"x-forwarded-proto")
        if forwarded is not None:
            return forwarded.split(",")[0].strip() == "https"
    return scheme == "wss"


websocket = SameOrigin(
    AuthMiddlewareStack(
        URLRouter(
            [
                path("ws/fleet/", LiveConsumer.as_asgi()),
                path("ws/runs/<uuid:run>/", LiveConsumer.as_asgi()),
                path("ws/connections/<int:connection>/", LiveConsumer.as_asgi()),
                path("ws/assistant/<int:chat>/", ChatConsumer.as_asgi()),
                re_path("", WebsocketDenier.as_asgi()),
            ]
        )
    )
)
