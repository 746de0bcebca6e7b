"""Every page, socket and action asks who is there; what changes something takes a POST with a token."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from probes.models import Run
from tests.rigs.pages import PageSocket

OPEN = {"healthz", "readyz", "metrics", "login", "favicon.ico", "logout"}
"""`metrics` refuses by itself, in the way that a scraper understands: see tests/config/test_metrics.py."""
SAMPLES = {"pk": "1", "token": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "connection": "1", "vantage": "home"}


def paths(resolver: URLResolver, prefix: str = "/") -> list[tuple[str, str]]:
    found = []
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            # The API asks for tokens instead, which tests/api shows of each of its operations.
            found += [] if entry.app_name in {"admin", "ninja"} else paths(entry, route)
        elif isinstance(entry, URLPattern):
            found.append((entry.name or route.strip("/"), filled(entry, route)))
    return found


def filled(entry: URLPattern, route: str) -> str:
    for name, converter in entry.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        value = SAMPLES["token"] if kind == "uuid" else SAMPLES[name]
        route = route.replace(f"<{kind}:{name}>", value)
    return route


PATHS = paths(get_resolver())


def test_the_walk_over_the_paths_finds_them():
    assert ("connection-list", "/connections/") in PATHS
    assert ("probe-one", "/connections/1/test/") in PATHS
    assert len(PATHS) > 15


@pytest.mark.parametrize(("name", "path"), [pair for pair in PATHS if pair[0] not in OPEN])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(stranger, name, path, method):
    response = getattr(stranger, method)(path)
    assert response.status_code == 302
    assert response.url.startswith("/login/")


def test_a_stranger_is_kept_out_of_the_admin(stranger):
    assert stranger.get("/admin/connections/connection/").url.startswith("/login/")


@pytest.mark.parametrize(
    "path",
    ["/connections/1/test/", "/connections/test/", "/test-all/", "/connections/try/", "/connections/new/"],
)
def test_a_post_without_a_token_is_refused(user, path):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(user)
    assert careful.post(path).status_code == 403


@pytest.mark.parametrize(
    "path", ["/connections/1/test/", "/connections/test/", "/test-all/", "/connections/try/"]
)
def test_a_get_causes_no_load(client, make_connection, path):
    make_connection()
    before = Run.objects.count()
    assert client.get(path).status_code == 405
    assert Run.objects.count() == before


def test_no_page_probes_while_it_loads(client, make_connection):
    connection = make_connection()
    before = Run.objects.count()
    for path in ("/", "/connections/", f"/connections/{connection.pk}/", "/runs/"):
        assert client.get(path).status_code == 200
    assert Run.objects.count() == before


@pytest.mark.parametrize("path", ["/", "/connections/", "/connections/new/", "/runs/", "/login/"])
def test_every_page_forbids_inline_scripts_and_other_origins(client, path):
    policy = client.get(path)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path", ["/connections/999/", "/runs/00000000-0000-7000-8000-000000000000/", "/nothing/"]
)
def test_what_does_not_exist_is_a_clear_page(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "Meridian" in response.text


async def close_code(path: str, headers: list[tuple[bytes, bytes]]) -> int | None:
    """The code that a socket was closed with; None when its handshake was refused outright."""
    socket = PageSocket(path, headers)
    if not await socket.connect():
        return None
    message = await socket.message()
    await socket.close()
    return message.get("code")


HOST = (b"host", b"localhost:8000")
HERE = (b"origin", b"http://localhost:8000")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/ws/fleet/", "/ws/connections/1/", f"/ws/runs/{SAMPLES['token']}/"])
async def test_a_socket_of_a_stranger_is_closed_as_signed_out(path):
    assert await close_code(path, [HOST, HERE]) == 4401


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "origin",
    [
        b"http://localhost:9000",
        b"https://localhost:8000",
        b"http://evil.example",
        b"http://localhost:8000.evil.example",
        b"http://[::1",
        b"null",
        b"",
    ],
)
async def test_a_socket_from_another_origin_is_refused(client, origin):
    cookie = (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())
    assert await close_code("/ws/fleet/", [HOST, (b"origin", origin), cookie]) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "ends_tls", ["this process", "a proxy that says so", "a proxy that is trusted blindly"]
)
async def test_a_site_that_is_served_over_tls_admits_its_own_pages_and_no_plain_ones(
    client, settings, ends_tls
):
    said = [HOST, (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())]
    scheme = "ws"
    if ends_tls == "this process":
        scheme = "wss"
    elif ends_tls == "a proxy that says so":
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        said.append((b"x-forwarded-proto", b"https"))
    else:
        settings.HTTPS = True
    for origin, admitted in ((b"https://localhost:8000", True), (b"http://localhost:8000", False)):
        socket = PageSocket("/ws/fleet/", [*said, (b"origin", origin)], scheme)
        assert await socket.connect() is admitted
        await socket.close()


@pytest.mark.django_db(transaction=True)
async def test_a_host_that_is_not_ours_is_refused(client):
    cookie = (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())
    headers = [(b"host", b"evil.example"), (b"origin", b"http://evil.example"), cookie]
    assert await close_code("/ws/fleet/", headers) is None
