"""What people do all day: find by a few letters, walk by keys, undo, go back; in a real browser."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.rigs.person import Person
from tests.rigs.stack import PASSWORD, Stack

NEAREST = "US East (Virginia)"
PALETTE = re.compile(r"/palette/")
DETAIL = re.compile(r"/connections/\d+/$")


@pytest.fixture(scope="module")
def person(stack: Stack) -> Person:
    return Person(stack)


@pytest.fixture
def added(stack: Stack, person: Person) -> Callable[..., int]:
    """Adds a connection that nothing answers for, and returns its number."""

    def add(name: str) -> int:
        fields = {"host": "127.0.0.1", "port": "1", "database": "app", "username": "ada"}
        page = person.post(
            "/connections/new/", name=name, sslmode="disable", connect_timeout="2", active="on", **fields
        )
        assert "Recent results" in page
        return stack.rows("SELECT max(id) AS pk FROM connections_connection WHERE name = %s", name)[0]["pk"]

    return add


@pytest.fixture
def name() -> str:
    return f"db {uuid4().hex[:8]}"


def row(page: Page, name: str) -> Locator:
    return page.locator("tr[id^=connection-row-]").filter(has=page.get_by_role("link", name=name, exact=True))


def search(page: Page, words: str) -> Locator:
    """Opens the palette and types; returns the box."""
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or command")
    expect(box).to_be_focused()
    page.keyboard.type(words)
    return box


def chosen(page: Page) -> Locator:
    return page.locator("#palette [aria-selected=true]")


# The palette ---------------------------------------------------------------------------------------------------


def test_a_few_letters_lead_to_a_connection(page: Page):
    box = search(page, "virgin")
    expect(chosen(page)).to_contain_text(NEAREST)
    expect(box).to_have_attribute("aria-activedescendant", chosen(page).get_attribute("id") or "")
    page.keyboard.press("Enter")
    page.wait_for_url(DETAIL)
    expect(page.get_by_role("heading", level=1)).to_contain_text(NEAREST)


def test_enter_waits_for_the_answer(page: Page):
    page.route(PALETTE, lambda route: page.wait_for_timeout(700) or route.continue_())
    search(page, "virgin")
    page.keyboard.press("Enter")
    page.wait_for_url(DETAIL)
    expect(page.get_by_role("heading", level=1)).to_contain_text(NEAREST)


def test_an_answer_that_comes_too_late_is_not_shown(page: Page):
    late: list[Route] = []
    page.route(re.compile("q=ireland$"), lambda route: late.append(route))
    search(page, "ireland")
    page.wait_for_timeout(300)
    page.keyboard.press("Control+a")
    page.keyboard.type("virgin")
    expect(chosen(page)).to_contain_text(NEAREST)
    for route in late:
        route.abort()
    page.wait_for_timeout(200)
    expect(page.locator("#palette").get_by_role("option").first).to_contain_text(NEAREST)
    expect(page.locator(".palette-said")).to_be_empty()


def test_a_connection_is_tested_from_the_palette(page: Page):
    search(page, "test virgin")
    expect(chosen(page)).to_contain_text(f"Test {NEAREST}")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text(f"Testing {NEAREST}")
    expect(page.locator("#palette")).not_to_be_visible()


def test_a_test_with_options_opens_its_sheet(page: Page):
    search(page, "latency virgin")
    expect(chosen(page)).to_contain_text(NEAREST)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=f"Latency test of {NEAREST}")).to_be_visible()


def test_commands_and_pages_are_reached_by_their_letters(page: Page):
    search(page, "hist")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/history/$"))
    search(page, "new conn")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/connections/new/$"))
    scheme = page.locator("html").get_attribute("data-bs-theme")
    search(page, "dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).not_to_have_attribute("data-bs-theme", scheme or "")
    search(page, "sign o")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/login/"))


def test_a_command_that_needs_a_connection_asks_for_it(page: Page):
    box = search(page, "load")
    page.keyboard.press("Enter")
    expect(box).to_have_value("load ")
    page.keyboard.type("virgin")
    expect(page.get_by_role("option", name=f"Load… {NEAREST}")).to_be_visible()


def test_arrows_go_round_and_escape_gives_the_focus_back(page: Page):
    button = page.get_by_role("button", name="Search or command")
    button.focus()
    page.keyboard.press("Enter")
    expect(chosen(page)).to_have_text("Test all")
    page.keyboard.press("ArrowUp")
    expect(chosen(page)).to_have_text("Admin")
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_text("Test all")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).not_to_be_visible()
    expect(button).to_be_focused()


def test_what_was_chosen_lately_comes_first_and_only_in_this_tab(page: Page):
    search(page, "virgin")
    expect(chosen(page)).to_contain_text(NEAREST)
    page.keyboard.press("Enter")
    page.wait_for_url(DETAIL)
    search(page, "")
    expect(page.get_by_role("group", name="Recent").get_by_role("option")).to_have_count(1)
    expect(chosen(page)).to_contain_text(NEAREST)
    assert NEAREST in page.evaluate("JSON.stringify(sessionStorage)")
    assert NEAREST not in page.evaluate("JSON.stringify(localStorage)")
    other = page.context.new_page()
    other.goto(page.url)
    search(other, "")
    expect(other.get_by_role("group", name="Recent")).to_have_count(0)


@pytest.mark.parametrize(
    "hostile", ["<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "\u202egnp.exe"]
)
def test_hostile_names_are_text_in_the_palette(page: Page, added, hostile: str):
    unique = f"{hostile} {uuid4().hex[:6]}"
    added(unique)
    page.on("dialog", lambda dialog: pytest.fail("A script in a name ran."))
    search(page, unique[-6:])
    expect(chosen(page).locator("bdi")).to_have_text(unique)


def test_a_server_that_does_not_answer_is_said_and_commands_still_work(open_browser):
    page = open_browser(complains=False)
    page.route(PALETTE, lambda route: route.abort())
    search(page, "virgin")
    expect(page.locator(".palette-said")).to_contain_text("cannot be searched")


# Single keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "path"), [("c", "/connections/"), ("r", "/runs/"), ("h", "/history/"), ("d", "/")]
)
def test_g_and_a_letter_go_to_a_page(page: Page, stack: Stack, key: str, path: str):
    page.goto(f"{stack.url}/connections/new/")
    page.locator("body").press("g")
    page.keyboard.press(key)
    page.wait_for_url(f"{stack.url}{path}")


def test_keys_do_nothing_while_somebody_types_or_holds_another(page: Page, stack: Stack):
    page.goto(f"{stack.url}/connections/")
    page.keyboard.press("/")
    box = page.get_by_role("searchbox")
    expect(box).to_be_focused()
    page.keyboard.type("g.?n")
    expect(box).to_have_value("g.?n")
    page.wait_for_timeout(400)
    assert urlsplit(page.url).path == "/connections/"
    box.blur()
    for combination in ("Alt+n", "Control+.", "Meta+n"):
        page.keyboard.press(combination)
    page.wait_for_timeout(200)
    assert urlsplit(page.url).path == "/connections/"


def test_n_begins_a_new_connection_and_a_point_switches_the_theme(page: Page):
    scheme = page.locator("html").get_attribute("data-bs-theme")
    page.keyboard.press(".")
    expect(page.locator("html")).not_to_have_attribute("data-bs-theme", scheme or "")
    page.keyboard.press("n")
    page.wait_for_url(re.compile("/connections/new/$"))


def test_the_sheet_lists_the_keys_and_switches_them_off_for_good(page: Page):
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text(re.compile(r"g\s*h\s*History"))
    sheet.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.reload()
    page.keyboard.press("n")
    page.keyboard.press("?")
    page.wait_for_timeout(300)
    assert urlsplit(page.url).path == "/"
    expect(sheet).not_to_be_visible()

    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_role("checkbox").check()
    sheet.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    page.wait_for_url(re.compile("/connections/new/$"))


def test_rows_are_walked_chosen_and_opened_by_keys(page: Page, stack: Stack):
    page.goto(f"{stack.url}/connections/?q=simulated-nothing")
    page.goto(f"{stack.url}/connections/?q=aws")
    links = page.locator("tr[id^=connection-row-] th a")
    expect(links).to_have_count(3)
    page.keyboard.press("ArrowDown")
    expect(links.nth(0)).not_to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name=re.compile("^Select EU West"))).to_be_checked()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(DETAIL)
    expect(page.get_by_role("heading", level=1)).to_contain_text("EU West")


def test_a_row_is_tested_by_its_key_and_keeps_the_focus_when_it_is_replaced(page: Page, stack: Stack):
    page.goto(f"{stack.url}/connections/?q=virginia")
    expect(page.locator("#live-status")).to_contain_text("Live")
    page.keyboard.press("j")
    before = row(page, NEAREST).locator(".c-checked a").get_attribute("href")
    page.keyboard.press("t")
    expect(page.locator("#toasts")).to_contain_text(f"Testing {NEAREST}")
    expect(row(page, NEAREST).locator(".c-checked a")).not_to_have_attribute("href", before or "")
    expect(row(page, NEAREST).get_by_role("link", name=NEAREST)).to_be_focused()


# Undo ----------------------------------------------------------------------------------------------------------


def delete(page: Page, name: str) -> None:
    row(page, name).get_by_label(f"More for {name}").click()
    row(page, name).get_by_role("link", name="Delete").click()


def test_a_connection_is_deleted_without_a_question_and_brought_back_from_another_page(
    page: Page, stack: Stack, added, name: str
):
    pk = added(name)
    page.goto(f"{stack.url}/connections/?q={name.replace(' ', '+')}")
    delete(page, name)
    expect(row(page, name)).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text(f"{name} was deleted.")
    assert "q=" in page.url
    page.goto(f"{stack.url}/runs/")
    page.get_by_role("button", name=f"Undo: bring {name} back").click()
    page.wait_for_url(f"{stack.url}/connections/{pk}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator("#toasts")).not_to_contain_text("deleted")


def test_its_own_page_leads_to_the_list_and_u_undoes_it(open_browser, stack: Stack, added, name: str):
    page = open_browser(complains=False)  # its charts may be asked for while it is being deleted
    pk = added(name)
    page.goto(f"{stack.url}/connections/{pk}/")
    page.get_by_role("link", name="Delete", exact=True).click()
    page.wait_for_url(f"{stack.url}/connections/")
    expect(row(page, name)).to_have_count(0)
    page.keyboard.press("u")
    page.wait_for_url(f"{stack.url}/connections/{pk}/")


def test_it_vanishes_from_the_pages_of_others_and_comes_back_there(
    open_browser, stack: Stack, added, name: str
):
    added(name)
    acting, watching = open_browser(), open_browser()
    expect(row(watching, name)).to_have_count(1)
    acting.reload()
    delete(acting, name)
    expect(row(watching, name)).to_have_count(0)
    expect(watching.locator("#toasts")).not_to_contain_text("deleted")
    acting.get_by_role("button", name=f"Undo: bring {name} back").click()
    expect(row(watching, name)).to_have_count(1)


def test_undoing_with_the_name_taken_says_so(page: Page, stack: Stack, added, name: str):
    added(name)
    page.goto(f"{stack.url}/connections/")
    delete(page, name)
    expect(page.locator("#toasts")).to_contain_text("was deleted")
    added(name)
    page.get_by_role("button", name=f"Undo: bring {name} back").click()
    expect(page.locator("#toasts")).to_contain_text(f"Another connection is called “{name}” by now.")


def test_the_offer_leaves_when_its_time_is_over(page: Page, stack: Stack, added, name: str):
    added(name)
    page.goto(f"{stack.url}/connections/")
    page.clock.install()
    delete(page, name)
    offer = page.get_by_role("button", name=f"Undo: bring {name} back")
    expect(offer).to_be_visible()
    page.mouse.move(0, 0)
    page.clock.run_for(31_000)
    expect(offer).to_have_count(0)


# Trouble -------------------------------------------------------------------------------------------------------


def icon(page: Page) -> str:
    return page.locator("link[rel=icon]").get_attribute("href") or ""


def down(page: Page) -> int:
    return int(page.locator("#tiles [data-state=unhealthy]").get_attribute("data-count") or "")


def test_the_title_and_the_icon_of_the_tab_show_what_is_down(page: Page, stack: Stack, added, name: str):
    pk = added(name)
    page.goto(f"{stack.url}/connections/{pk}/")
    expect(page.locator("[id^=connection-head-]")).to_contain_text("Down")
    expect(page).to_have_title(f"(1 down) {name} · Meridian")
    page.goto(stack.url)
    expect(page.locator("#live-status")).to_contain_text("Live")
    expect(page).to_have_title(f"({down(page)} down) Dashboard · Meridian")
    assert "icon-down" in icon(page)


def test_a_tab_that_nobody_looks_at_still_shows_it(page: Page, stack: Stack, added, name: str):
    expect(page.locator("#live-status")).to_contain_text("Live")
    before = down(page)
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    added(name)
    expect(page).to_have_title(f"({before + 1} down) Dashboard · Meridian")
    assert down(page) == before


# Going back, and forms -----------------------------------------------------------------------------------------


def fill_in(page: Page, stack: Stack, name: str) -> dict[str, str]:
    """Types a new connection that nothing answers for, and returns what stands in which field."""
    page.goto(f"{stack.url}/connections/new/")
    typed = {
        "Name": name,
        "Host": "127.0.0.1",
        "Port": "1",
        "Database": "app",
        "User": "ada",
        "Password": "secret",
    }
    for label, value in typed.items():
        page.get_by_label(label, exact=True).fill(value)
    return typed


def test_the_back_button_goes_through_the_searches(page: Page, stack: Stack):
    page.goto(f"{stack.url}/connections/")
    page.get_by_role("searchbox").fill("virginia")
    page.wait_for_url(re.compile("q=virginia"))
    expect(page.locator("tr[id^=connection-row-]")).to_have_count(1)
    row(page, NEAREST).get_by_role("link", name=NEAREST).click()
    page.wait_for_url(DETAIL)
    page.go_back()
    page.wait_for_url(re.compile("q=virginia"))
    expect(page.get_by_role("searchbox")).to_have_value("virginia")
    expect(page.locator("tr[id^=connection-row-]")).to_have_count(1)
    page.go_back()
    page.wait_for_url(f"{stack.url}/connections/")
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(row(page, "EU West (Ireland)")).to_have_count(1)
    page.go_forward()
    expect(page.get_by_role("searchbox")).to_have_value("virginia")


def test_a_kind_of_runs_is_in_the_address(page: Page, stack: Stack):
    page.goto(f"{stack.url}/runs/")
    page.get_by_label("Kind").select_option("latency")
    page.wait_for_url(re.compile(r"/runs/\?kind=latency"))
    expect(page.get_by_role("link", name="Remove kind: Latency")).to_be_visible()
    page.go_back()
    page.wait_for_url(f"{stack.url}/runs/")


def test_what_was_typed_survives_a_refusal_and_a_lost_network(open_browser, stack: Stack, name: str):
    page = open_browser(complains=False)
    page.goto(f"{stack.url}/connections/new/")
    typed = {
        "Name": name,
        "Host": "127.0.0.1",
        "Port": "99999",
        "Database": "app",
        "User": "ada",
        "Tags": "eu",
    }
    for label, value in typed.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Port", exact=True)).to_be_focused()
    for label, value in typed.items():
        expect(page.get_by_label(label, exact=True)).to_have_value(value)

    page.get_by_label("Port", exact=True).fill("1")
    page.get_by_label("Password", exact=True).fill("secret")
    page.context.set_offline(True)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("try again")
    for label, value in {**typed, "Port": "1", "Password": "secret"}.items():
        expect(page.get_by_label(label, exact=True)).to_have_value(value)
    page.context.set_offline(False)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(DETAIL)


@pytest.mark.parametrize("lost", [{"name": "sessionid"}, {}], ids=["session", "all cookies"])
def test_what_was_typed_survives_a_sign_out(open_browser, stack: Stack, name: str, lost: dict[str, str]):
    page = open_browser(complains=False)
    typed = fill_in(page, stack, name)
    page.context.clear_cookies(**lost)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("You are signed out.")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    opened.value.get_by_label("User").fill("admin")
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button", name="Sign in").click()
    expect(opened.value.locator("#live-status")).to_contain_text("Live")
    opened.value.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#toasts")).to_contain_text("You are signed in again.")
    for label, value in typed.items():
        expect(page.get_by_label(label, exact=True)).to_have_value(value)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(DETAIL)


def test_a_page_that_was_too_old_is_renewed_where_it_stands(open_browser, stack: Stack, name: str):
    page = open_browser(complains=False)
    fill_in(page, stack, name)
    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("It is up to date now")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(DETAIL)


def test_a_sheet_survives_a_sign_out(open_browser):
    page = open_browser(complains=False)
    search(page, "load virgin")
    expect(chosen(page)).to_contain_text(NEAREST)
    page.keyboard.press("Enter")
    sheet = page.locator("#dialog")
    sheet.get_by_label("Seconds").first.fill("7")
    page.context.clear_cookies()
    sheet.get_by_role("button", name="Start").click()
    with page.context.expect_page() as opened:
        sheet.get_by_role("link", name="Sign in in another tab").click()
    expect(opened.value.get_by_role("button", name="Sign in")).to_be_visible()
    expect(sheet.get_by_label("Seconds").first).to_have_value("7")


@pytest.mark.parametrize(
    ("kind", "label", "value"), [("latency", "Round trips", "77"), ("load", "Seconds", "7")]
)
def test_a_sheet_survives_a_lost_network(open_browser, kind: str, label: str, value: str):
    page = open_browser(complains=False)
    search(page, f"{kind} virgin")
    expect(chosen(page)).to_contain_text(NEAREST)
    page.keyboard.press("Enter")
    sheet = page.locator("#dialog")
    sheet.get_by_label(label).first.fill(value)
    page.context.set_offline(True)
    sheet.get_by_role("button", name="Start").click()
    expect(page.locator("#toasts")).to_contain_text("try again")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_label(label).first).to_have_value(value)
