"""The History page in a real browser: its fields for time are of one mind."""

import re

from playwright.sync_api import Page, expect

from tests.rigs.stack import Stack


def test_a_range_or_a_named_stretch_is_asked_for_whichever_was_chosen_last(page: Page, stack: Stack):
    page.goto(f"{stack.url}/history/?from=2025-05-01&to=2025-05-02")
    time, begins = page.get_by_role("combobox", name="Time"), page.get_by_label("from (UTC)")
    expect(time).to_have_value("range")
    expect(begins).to_have_value("2025-05-01T00:00")
    time.select_option("1h")
    expect(begins).to_have_value("")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(f"{stack.url}/history/?window=1h")
    expect(page.locator("#live")).to_contain_text("Checks in the last 1 h")

    begins.fill("2025-05-01T00:00")
    page.get_by_label("to (UTC)").fill("2025-05-02T00:00")
    expect(time).to_have_value("range")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("window=range"))
    expect(page.locator("#live")).to_contain_text("Checks from 2025-05-01 00:00 to 2025-05-02 00:00 UTC")
    page.get_by_role("link", name="Remove time").click()
    page.wait_for_url(re.compile(r"/history/\?$"))
    expect(time).to_have_value("24h")
