"""With the network cut to everything but the server, no page misses anything."""

from urllib.parse import urlsplit

from playwright.sync_api import Route, expect

from tests.browser.places import address, fill_pages
from tests.rigs.stack import Stack

NAMES = ["dashboard", "connection", "load test", "health check", "history", "map", "assistant", "API"]


def test_no_page_asks_anybody_but_the_server(open_browser, stack: Stack):
    fill_pages(stack)
    page = open_browser(complains=False, bypass_csp=True)
    outside: list[str] = []

    def cut(route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(stack.url).netloc:
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    page.context.route("**/*", cut)
    page.on(
        "websocket",
        lambda socket: outside.append(socket.url) if f":{stack.port}/" not in socket.url else None,
    )
    for name in NAMES:
        page.goto(address(stack, name), wait_until="networkidle")
        expect(page.locator(".topbar-title")).to_be_visible()
    assert outside == []
