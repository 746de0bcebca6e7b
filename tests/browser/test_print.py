"""Pages on paper: what they tell, dark on white, without what is pressed."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import fill_pages, newest, newest_run, of_virginia
from tests.rigs.stack import Stack

PRESSED = ".rail, .topbar .menu, .toolbar, .toasts, .palette-open, .btn, button, dialog"


@pytest.fixture(scope="module", autouse=True)
def _filled(stack: Stack) -> None:
    fill_pages(stack)


def brightness(page: Page, what: str) -> int:
    return page.evaluate(
        "what => getComputedStyle(document.body)[what].match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + +part, 0)",
        what,
    )


@pytest.mark.parametrize(
    "path", [of_virginia(""), newest_run, newest("connection")], ids=["connection", "run", "result"]
)
def test_a_page_prints_dark_on_white_without_its_buttons(open_browser, stack: Stack, path):
    page = open_browser(color_scheme="dark")
    page.goto(f"{stack.url}{path(stack)}")
    page.emulate_media(media="print")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    for element in page.locator(PRESSED).all():
        expect(element).not_to_be_visible()
    expect(page.locator(".topbar")).to_have_css("position", "static")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main .card").first).to_be_visible()
    assert brightness(page, "color") < 200 < 600 < brightness(page, "backgroundColor")
    page.emulate_media(media="screen")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
