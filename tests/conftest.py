import os
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from connections.models import Connection
from probes import broker
from tests.rigs import servers
from tests.rigs.browser import CHROMIUM, FLAGS, sign_in
from tests.rigs.stack import Stack

Factory = Callable[..., Connection]


@pytest.fixture
def user(db):
    """An administrator without a usable password: hashing one takes as long as a whole test."""
    return get_user_model().objects.create(username="ada", password="!", is_staff=True, is_superuser=True)


@pytest.fixture
def client(user) -> Client:
    signed_in = Client()
    signed_in.force_login(user)
    return signed_in


@pytest.fixture
def stranger(db) -> Client:
    return Client()


@pytest.fixture(autouse=True)
def _clean_broker() -> None:
    broker.client().flushall()


@pytest.fixture
def make_connection(db) -> Factory:
    """Makes saved connections to the test run's own PostgreSQL; any field can be given another value.

    Saving runs no probe here: its message stays on the queue, as it does while no worker runs.
    """

    def make(name: str = "target", *, password: str | None = None, **fields) -> Connection:
        connection = Connection(
            **{
                "name": name,
                "host": "127.0.0.1",
                "port": servers.postgres.port,
                "database": "meridian",
                "username": "meridian",
                "sslmode": "require",
                "connect_timeout": 5,
                **fields,
            }
        )
        connection.set_password(
            password if password is not None else unquote(urlsplit(servers.postgres.url()).password or "")
        )
        connection.save()
        return connection

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module and no longer: while Playwright runs, no other event loop can in its thread."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium, which .ci/run should have installed.")
        pytest.skip("There is no Chromium on this machine: install the package chromium.")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_browser(browser: Browser, stack: Stack) -> Iterator[Callable[..., Page]]:
    """Opens a signed-in browser of its own. At the end, its console must hold no error and no CSP report.

    With ``complains=False`` it may: a browser reports every connection that it loses.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def start(*, complains: bool = True, **options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if complains:
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        sign_in(page, stack)
        return page

    yield start
    for context in contexts:
        context.close()
    assert complaints == []
