"""Latency, load and health tests from the first click to what they found, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.rigs.stack import Stack

NEAREST = re.compile("Virginia")
RUN = re.compile(r"/runs/[0-9a-f-]{36}/$")


def row(page: Page):
    return page.locator("tr[id^=connection-row-]").filter(has_text=NEAREST)


def open_sheet(page: Page, kind: str) -> None:
    row(page).get_by_label(re.compile("^More for")).click()
    row(page).get_by_role("button", name=f"{kind}…").click()
    expect(page.get_by_role("dialog", name=re.compile(f"^{kind} test of"))).to_be_visible()


def test_bad_input_is_kept_and_its_field_is_where_to_go_on(open_browser):
    page = open_browser(complains=False)
    open_sheet(page, "Latency")
    page.get_by_label("Round trips").fill("5000")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#id_samples_error")).to_contain_text("from 1 to 1,000")
    expect(page.get_by_label("Round trips")).to_have_value("5000")
    expect(page.get_by_label("Round trips")).to_be_focused()


def test_latency_from_the_sheet_to_its_percentiles(page: Page):
    open_sheet(page, "Latency")
    page.get_by_label("Round trips").fill("40")
    page.keyboard.press("Enter")
    page.wait_for_url(RUN)
    result = page.locator(".result-head")
    expect(result).to_contain_text("Half of 40 round trips took at most")
    expect(result).to_contain_text(re.compile(r"p99\s*\d+\.\d+ ms"))
    expect(page.locator("#live")).to_contain_text("Certificate of")

    address = page.url
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: url != address and bool(RUN.search(url)))
    expect(page.locator(".result-head")).to_contain_text("Half of 40 round trips")


def test_a_sheet_is_opened_and_left_by_keyboard(page: Page):
    summary = row(page).get_by_label(re.compile("^More for"))
    summary.focus()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_label("Round trips")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    expect(summary).to_be_focused()


def swap_row(page: Page) -> None:
    """What a live event does to a row, at a moment of the test's choice."""
    row(page).evaluate("""(row) => {
      const event = row.cloneNode(true);
      event.querySelector(".menu-items").replaceChildren();
      event.querySelector("details").removeAttribute("open");
      event.setAttribute("hx-swap-oob", "true");
      htmx.swap(document.getElementById("live"), `<template>${event.outerHTML}</template>`, { swapStyle: "none" });
    }""")


def test_the_keyboard_stays_where_it_is_while_rows_are_swapped(page: Page):
    summary = row(page).get_by_label(re.compile("^More for"))
    summary.focus()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    entry = row(page).get_by_role("button", name="Latency…")
    expect(entry).to_be_focused()
    swap_row(page)
    expect(entry).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    swap_row(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    expect(summary).to_be_focused()


def test_options_of_a_load_test_show_only_what_counts(page: Page):
    open_sheet(page, "Load")
    rate, own = page.get_by_label("Target rate", exact=True), page.get_by_label("Own statement")
    expect(rate).not_to_be_visible()
    page.get_by_label(re.compile("^At a target rate")).check()
    expect(rate).to_be_visible()
    expect(own).not_to_be_visible()
    page.get_by_role("combobox", name="Work").select_option("sql")
    expect(own).to_be_visible()
    page.get_by_role("combobox", name="Work").select_option("point")
    expect(page.locator(".only-reads")).to_be_visible()


def test_a_load_test_is_started_watched_elsewhere_too_and_cancelled(page: Page, open_browser):
    open_sheet(page, "Load")
    page.get_by_label("Seconds").fill("120")
    page.get_by_label("Clients").fill("3")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(RUN)
    other = open_browser()
    other.goto(page.url)
    for watching in (page, other):
        expect(watching.locator("[data-figure=rate]")).to_contain_text(re.compile(r"\d/s"))
        expect(watching.locator("[data-figure=connected]")).to_have_text("3")
        expect(watching.locator("#run-head")).to_contain_text("Running")
    answered = page.locator("[data-figure=answered]")
    before = answered.inner_text()
    expect(answered).not_to_have_text(before)

    page.get_by_role("button", name="Cancel").click()
    for watching in (page, other):
        expect(watching.locator("#run-head")).to_contain_text("Cancelled")
        expect(watching.locator(".result-head")).to_contain_text("Stopped by hand after")
    expect(page.locator(".result-head")).to_contain_text("3 clients reached")


def test_a_load_test_goes_on_without_its_page_which_catches_up(open_browser, stack: Stack):
    page = open_browser(complains=False)
    cut, sockets = [], []

    def connect(socket: WebSocketRoute) -> None:
        if cut:
            socket.close()
        else:
            socket.connect_to_server()
            sockets.append(socket)

    page.route_web_socket(re.compile("/ws/"), connect)
    page.reload()
    open_sheet(page, "Load")
    page.get_by_label("Seconds").fill("6")
    page.get_by_label("Clients").fill("2")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(RUN)
    expect(page.locator("[data-figure=rate]")).to_contain_text(re.compile(r"\d/s"))

    cut.append(True)
    sockets[-1].close()
    expect(page.locator("#live-status")).to_have_text(re.compile("Reconnecting|Offline"))
    run = page.url.rstrip("/").rsplit("/", 1)[-1]
    while stack.rows("SELECT state FROM probes_run WHERE id = %s", run)[0]["state"] != "finished":
        page.wait_for_timeout(200)
    expect(page.locator("#run-head")).to_contain_text("Running")

    cut.clear()
    expect(page.locator("#live-status")).to_contain_text("Live")
    expect(page.locator("#run-head")).to_contain_text("Finished")
    expect(page.locator(".result-head")).to_contain_text("2 clients")


def test_health_shows_verdicts_in_words_and_shapes(page: Page):
    row(page).get_by_label(re.compile("^More for")).click()
    row(page).get_by_role("button", name="Health", exact=True).click()
    page.wait_for_url(RUN)
    expect(page.locator(".check").first).to_be_visible()
    expect(page.locator(".check", has_text="Connections").first).to_contain_text(re.compile("● ?Good"))
    page.locator(".check", has_text="Top statements").locator("summary").click()
    expect(page.locator(".check-rows").filter(has_text="calls").first).to_be_visible()


def test_the_selected_are_measured_in_one_run(page: Page):
    for name in ("Virginia", "Ireland"):
        page.locator("tr[id^=connection-row-]").filter(has_text=name).get_by_role("checkbox").check()
    page.get_by_label("More tests of the selected").click()
    page.get_by_role("button", name="Latency of the selected").click()
    expect(page.get_by_role("dialog", name="Latency test of 2 connections")).to_be_visible()
    page.get_by_label("Round trips").fill("10")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(RUN)
    expect(page.locator("#run-head")).to_contain_text("Finished")
    rows = page.locator(".run-items tbody tr")
    expect(rows).to_have_count(2)
    for number in range(2):
        expect(rows.nth(number)).to_contain_text(re.compile(r"\d+\.\d+ ms"))


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_of_a_test_is_wider_than_its_window(open_browser, stack: Stack, width: int):
    page = open_browser(viewport={"width": width, "height": 844})
    runs = stack.rows(
        "SELECT DISTINCT ON (kind) id FROM probes_run WHERE done > 0 ORDER BY kind, created_at DESC"
    )
    [one] = stack.rows("SELECT id FROM connections_connection WHERE name ILIKE '%%virginia%%' LIMIT 1")
    paths = [f"/runs/{run['id']}/" for run in runs]
    for path in [*paths, f"/connections/{one['id']}/", f"/connections/{one['id']}/load/"]:
        page.goto(f"{stack.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
