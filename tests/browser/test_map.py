"""The map in a real browser: what is shown of it, what stands close together, and your own place."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.rigs.stack import Stack

ROWS = "tr[id^=map-row-]:not([hidden])"
DUBLIN = {"latitude": 53.35, "longitude": -6.26}
ONLY_THE_DEMO = """
from connections.models import Connection
for one in Connection.objects.filter(simulated_rtt_ms=None):
    one.delete()
"""
NEIGHBOUR = """
one = Connection.objects.get(name__contains="Virginia")
one.pk, one.name, one.simulated_rtt_ms, one.active, one.provider = None, "neighbour", None, False, "google"
one.save()
"""


@pytest.fixture(scope="module", autouse=True)
def _four_connections(stack: Stack) -> Iterator[None]:
    stack.shell(ONLY_THE_DEMO + NEIGHBOUR)
    yield
    stack.shell(ONLY_THE_DEMO)


def open_map(page: Page, stack: Stack) -> Page:
    page.goto(f"{stack.url}/map/")
    expect(page.locator("[data-map]")).to_have_attribute("data-state", "ready")
    return page


def mark(page: Page, label: str):
    return page.locator(".map-ground .mark").and_(page.get_by_label(re.compile(label)))


def test_a_filter_narrows_map_table_and_address(page: Page, stack: Stack):
    open_map(page, stack)
    expect(page.locator(ROWS)).to_have_count(4)
    page.get_by_role("combobox", name="Provider").select_option("google")
    page.wait_for_url(f"{stack.url}/map/?provider=google")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("[data-map-count]")).to_have_text("1 of 4")
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(4)


def test_what_stands_close_together_is_one_mark_that_tells_each(page: Page, stack: Stack):
    open_map(page, stack)
    together = page.locator(".mark:has(.mark-count)")
    expect(together).to_have_text("2")
    together.click()
    expect(page.locator(".map-details")).to_contain_text("neighbour")
    expect(page.locator(".map-details")).to_contain_text("US East (Virginia)")


def test_your_place_is_shown_only_after_you_allow_it_and_is_told_nobody(open_browser, stack: Stack):
    page = open_map(open_browser(geolocation=DUBLIN, permissions=["geolocation"]), stack)
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url + (request.post_data or "")))
    expect(mark(page, "Your place")).to_have_count(0)
    page.get_by_role("button", name="My place").click()
    expect(mark(page, "Your place")).to_be_visible()
    page.get_by_role("button", name="My place").click()
    expect(mark(page, "Your place")).to_have_count(0)
    assert [one for one in told if "53.35" in one or not one.startswith(stack.url)] == []


def test_a_refused_place_is_said(open_browser, stack: Stack):
    page = open_browser(geolocation=DUBLIN)
    page.context.grant_permissions([])
    open_map(page, stack)
    page.get_by_role("button", name="My place").click()
    expect(page.locator(".map-notes")).to_contain_text("The browser may not tell where you are")
    expect(mark(page, "Your place")).to_have_count(0)


def test_its_table_is_sorted_on_a_phone_too(open_browser, stack: Stack):
    page = open_map(open_browser(viewport={"width": 390, "height": 844}), stack)
    page.get_by_role("button", name=re.compile("^Name")).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Name")
    expect(page.locator(ROWS).first).to_contain_text("US East")
