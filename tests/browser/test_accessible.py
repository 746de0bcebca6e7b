"""Every page, at two widths and in both schemes: no violation that axe-core knows, and never wider than its window."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.places import PAGES, address, fill_pages
from tests.rigs.browser import sign_in
from tests.rigs.stack import PROJECT, Stack

AXE = (PROJECT / "node_modules" / "axe-core" / "axe.min.js").read_text()
# What Swagger UI draws is not ours to colour.
RUN = """async () => (await axe.run({ exclude: [".swagger-ui"] }, { resultTypes: ["violations"] })).violations.flatMap(
  ({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`))"""
WINDOWS = [{"width": 390, "height": 844}, {"width": 1440, "height": 900}]
SCHEMES = ["light", "dark"]
PICTURES = PROJECT / "build" / "screenshots"


@pytest.fixture(scope="module")
def shown(browser: Browser, stack: Stack) -> Iterator[Page]:
    """One signed-in page for all, which changes its window and its scheme; every kind of test has been run."""
    context = browser.new_context(viewport=WINDOWS[1], bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(20_000)
    sign_in(page, stack)
    fill_pages(stack)
    yield page
    context.close()


def expect_no_violation(page: Page, name: str) -> None:
    """Whatever the page shows now; a person can look at the pictures."""
    page.evaluate(AXE)
    found: list[str] = []
    for window in WINDOWS:
        page.set_viewport_size(window)
        for scheme in SCHEMES:
            page.evaluate("scheme => document.documentElement.dataset.bsTheme = scheme", scheme)
            found += [f"{scheme} {window['width']}: {violation}" for violation in page.evaluate(RUN)]
            page.screenshot(path=PICTURES / f"{name} {window['width']} {scheme}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > window["width"]:
            found.append(f"{window['width']}: the page is {wide} pixels wide")
    assert "\n".join(found) == ""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(shown: Page, stack: Stack, name: str):
    shown.goto(address(stack, name))
    expect_no_violation(shown, name)


@pytest.mark.parametrize(
    ("name", "keys"), [("palette", "Control+k"), ("shortcuts", "?"), ("latency sheet", "Control+k")]
)
def test_what_opens_over_a_page_is_accessible_and_fits(shown: Page, stack: Stack, name: str, keys: str):
    shown.goto(stack.url)
    shown.keyboard.press(keys)
    if name == "latency sheet":
        shown.keyboard.type("latency virgin")
        expect(shown.locator("#palette [aria-selected=true]")).to_contain_text("Virginia")
        shown.keyboard.press("Enter")
    expect(shown.locator("dialog[open]")).to_be_visible()
    if name == "latency sheet":
        expect(shown.get_by_label("Round trips")).to_be_visible()
    expect_no_violation(shown, name)


def test_the_page_to_sign_in_is_accessible_and_fits(browser: Browser, stack: Stack):
    with browser.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{stack.url}/login/?next=/runs/")
        expect_no_violation(page, "sign in")
