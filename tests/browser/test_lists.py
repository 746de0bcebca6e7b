"""The lists of connections in a real browser: filtered by tiles and links, back again, chosen and tested, and live."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.rigs.stack import Stack

ROWS = "tr[id^=connection-row-]"
NEAREST = re.compile("Virginia")
ONLY_THE_DEMO = """
from connections.models import Connection
for one in Connection.objects.filter(simulated_rtt_ms=None):
    one.delete()
"""


@pytest.fixture(scope="module", autouse=True)
def _three_connections(stack: Stack) -> None:
    """Other tests leave theirs behind."""
    stack.shell(ONLY_THE_DEMO)


def test_a_tile_filters_a_chip_takes_it_off_and_back_goes_back(page: Page, stack: Stack):
    expect(page.locator(ROWS)).to_have_count(3)
    page.locator("#tiles [data-state=unhealthy]").click()
    page.wait_for_url(f"{stack.url}/?state=down")
    expect(page.locator("#live")).to_contain_text("No connection matches.")
    page.get_by_role("link", name="Remove Down").click()
    page.wait_for_url(f"{stack.url}/")
    expect(page.locator(ROWS)).to_have_count(3)
    page.go_back()
    page.wait_for_url(f"{stack.url}/?state=down")
    expect(page.locator("#live")).to_contain_text("No connection matches.")
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(3)


def test_what_is_typed_filters_and_stays_while_a_heading_sorts(page: Page, stack: Stack):
    page.get_by_role("searchbox", name="Search connections").fill("i")
    page.wait_for_url(f"{stack.url}/?q=i")
    page.get_by_role("link", name="Latency").click()
    page.wait_for_url(f"{stack.url}/?q=i&sort=-latency")
    expect(page.get_by_role("searchbox", name="Search connections")).to_have_value("i")
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Latency")
    expect(page.locator(ROWS).first).to_contain_text("Singapore")
    page.get_by_role("searchbox", name="Search connections").fill("ireland")
    page.wait_for_url(f"{stack.url}/?q=ireland&sort=-latency")
    expect(page.locator(ROWS)).to_have_count(1)


def test_a_phone_sorts_too(open_browser, stack: Stack):
    page = open_browser(viewport={"width": 390, "height": 844})
    page.goto(f"{stack.url}/connections/")
    page.get_by_role("link", name="Latency").click()
    page.wait_for_url(f"{stack.url}/connections/?sort=-latency")
    expect(page.locator(ROWS).first).to_contain_text("Singapore")
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Latency")


def test_a_filter_of_the_side_is_in_the_fields_too(page: Page):
    page.locator("#by-region").get_by_role("link", name=NEAREST).click()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.get_by_role("combobox", name="Region", exact=True)).to_have_value("aws-us-east-1")
    page.get_by_role("combobox", name="Region", exact=True).select_option("")
    expect(page.locator(ROWS)).to_have_count(3)


def test_all_that_are_shown_are_chosen_and_no_others(page: Page, stack: Stack):
    page.goto(f"{stack.url}/connections/?q=i&sort=name")
    page.get_by_role("searchbox").fill("virginia")
    expect(page.locator(ROWS)).to_have_count(1)
    page.get_by_label("Select all shown").check()
    page.get_by_role("button", name="Test selected (1)").click()
    expect(page.locator("#toasts")).to_contain_text("Testing 1 selected")
    expect(page.locator(ROWS)).to_have_count(1)
    page.wait_for_timeout(500)
    [run] = stack.rows("SELECT total FROM probes_run ORDER BY created_at DESC LIMIT 1")
    assert run["total"] == 1


def test_a_live_event_keeps_the_filter_the_choice_and_the_open_menu(page: Page, stack: Stack):
    page.goto(f"{stack.url}/connections/?q=virginia")
    expect(page.locator("#live-status")).to_contain_text("Live")
    row = page.locator(ROWS)
    row.get_by_role("checkbox").check()
    row.get_by_label(re.compile("^More for")).click()
    checked = row.locator(".c-checked a")
    before = checked.get_attribute("href")
    stack.shell(TEST_ALL)
    expect(checked).not_to_have_attribute("href", before)
    expect(row.get_by_role("checkbox")).to_be_checked()
    expect(row.get_by_role("button", name="Latency…")).to_be_visible()
    expect(page.locator(ROWS)).to_have_count(1)


def test_a_time_out_of_sight_is_true_once_it_is_seen(page: Page, stack: Stack):
    # No result that comes meanwhile changes the row.
    page.route_web_socket("**", lambda socket: None)
    page.goto(f"{stack.url}/connections/")
    row = page.locator(ROWS).first
    tested = row.locator("time")
    tested.evaluate(f"time => {{ time.dateTime = {TWO_HOURS_AGO} }}")
    expect(tested).to_have_text("2 h ago")
    page.locator("#live").evaluate("live => { live.style.marginTop = '3000px' }")
    expect(row).not_to_be_in_viewport()
    tested.evaluate(f"time => {{ time.dateTime = {THREE_HOURS_AGO} }}")
    page.wait_for_timeout(2_500)
    expect(tested).to_have_text("2 h ago")
    row.scroll_into_view_if_needed()
    expect(tested).to_have_text("3 h ago")


def test_no_rule_has_the_whole_page_restyled_when_a_piece_of_it_is_replaced(page: Page, stack: Stack):
    page.goto(stack.url)
    rules = page.evaluate(
        "() => [...document.styleSheets].flatMap(sheet => [...sheet.cssRules].map(rule => rule.selectorText ?? ''))"
    )
    assert ".listing tbody > tr > *" in rules
    assert [rule for rule in rules if re.search(r" [+~] [^,]*\*", rule)] == []


def test_a_health_check_of_all_shows_its_progress_on_every_list(page: Page, open_browser, stack: Stack):
    other = open_browser()
    other.goto(f"{stack.url}/connections/")
    page.get_by_role("button", name="Health-check all").click()
    page.wait_for_url(re.compile("/runs/"))
    expect(other.locator("#progress")).to_have_attribute("data-announce", re.compile(r"\d of 3 tested"))
    page.goto(stack.url)
    expect(page.locator("#feed")).to_contain_text("Health")


def test_sorting_and_searching_leave_the_filter_of_the_map_as_it_is(page: Page, stack: Stack):
    page.locator("select[name=map-state]").select_option("unhealthy")
    page.wait_for_url(f"{stack.url}/?map-state=unhealthy")
    page.get_by_role("link", name="Latency").click()
    page.wait_for_url(f"{stack.url}/?sort=-latency&map-state=unhealthy")
    expect(page.locator("[data-map-count]")).to_contain_text("0 of 3")
    page.locator("select[name=map-state]").select_option("")
    page.get_by_role("searchbox", name="Search connections").fill("i")
    page.wait_for_url(f"{stack.url}/?q=i&sort=-latency")


def test_the_map_draws_results_as_they_arrive_and_asks_for_nothing(page: Page, stack: Stack):
    page.goto(f"{stack.url}/map/")
    expect(page.locator("[data-map]")).to_have_attribute("data-state", "ready")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/map/places/" in request.url else None)
    latencies = page.locator("[data-cell=latency]")
    for _ in range(3):
        before = "|".join(latencies.all_inner_texts())
        stack.shell(TEST_ALL)
        # One of them may well be the same again, to a tenth of a millisecond.
        page.wait_for_function(
            "before => [...document.querySelectorAll('[data-cell=latency]')].map(one => one.innerText).join('|') !== before",
            arg=before,
        )
    assert asked == []


def test_the_map_knows_soon_of_a_connection_that_comes_and_of_one_that_goes(page: Page, stack: Stack):
    expect(page.locator("[data-map-count]")).to_contain_text("3")
    stack.shell(ANOTHER)
    expect(page.locator("[data-map-count]")).to_contain_text("4")
    stack.shell(ONLY_THE_DEMO)
    expect(page.locator("[data-map-count]")).to_contain_text("3")


def test_nothing_moves_when_results_arrive(page: Page, stack: Stack):
    page.evaluate(
        """() => {
        window.moved = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.moved += entry.value;
        }).observe({ type: "layout-shift" });
    }"""
    )
    checked = page.locator(ROWS).first.locator(".c-checked a")
    before = checked.get_attribute("href")
    stack.shell(TEST_ALL)
    expect(checked).not_to_have_attribute("href", before)
    page.wait_for_timeout(300)
    assert page.evaluate("window.moved") < 0.02


ANOTHER = """
from connections.models import Connection
Connection(name="another", host="127.0.0.1", port=1, database="d", username="u").save()
"""
THREE_HOURS_AGO = "new Date(Date.now() - 3.5 * 3_600_000).toISOString()"
TWO_HOURS_AGO = "new Date(Date.now() - 2.5 * 3_600_000).toISOString()"
TEST_ALL = """
from connections.models import Connection
from probes import dispatch
dispatch.request_run(kind="connection", connections=list(Connection.objects.all()), source="command")
"""
