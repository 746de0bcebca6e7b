"""A real Chromium: where it is, how it starts on a closed network, and how a person signs in."""

import shutil

from playwright.sync_api import Page, expect

from tests.rigs.stack import PASSWORD, Stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# On two busy cores a page may take seconds; what never comes still fails.
expect.set_options(timeout=20_000)


def sign_in(page: Page, stack: Stack) -> None:
    """Signs in past the form, which one test fills in, and waits for the dashboard to be live."""
    login = f"{stack.url}/login/"
    asked = page.context.request
    asked.get(login)
    [token] = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken"]
    fields: dict[str, str | float | bool] = {
        "username": "admin",
        "password": PASSWORD,
        "csrfmiddlewaretoken": token,
    }
    assert asked.post(login, form=fields, max_redirects=0).status == 302
    page.goto(stack.url)
    expect(page.locator("#live-status")).to_contain_text("Live")
