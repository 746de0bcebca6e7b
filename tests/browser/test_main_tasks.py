"""What people come for, done in a real browser against everything that ``make up`` starts."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.rigs.stack import PASSWORD, Stack

HOSTILE = [
    "<script>alert(1)</script>",
    "\"quotes\" and 'quotes'",
    "100 % {{ 7|add:7 }}",
    "🐘 emoji",
    "\u202eright to left",
    "<img src=x onerror=alert(1)>",
]

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
anywhere = pytest.mark.parametrize("page", [{}, PHONE], ids=["wide", "dark phone"], indirect=True)


@pytest.fixture
def name() -> str:
    return f"db {uuid4().hex[:8]}"


def row(page: Page, name: str):
    return page.locator("tr[id^=connection-row-]").filter(has=page.get_by_role("link", name=name, exact=True))


def mark(page: Page) -> None:
    """Leaves a trace that a reload would wipe out."""
    page.evaluate("window.notReloaded = true")


def expect_no_reload(page: Page) -> None:
    assert page.evaluate("window.notReloaded") is True


def fill(page: Page, stack: Stack, name: str, **fields: str) -> None:
    [demo] = stack.rows(
        "SELECT host, port, database, username FROM connections_connection WHERE name ILIKE %s LIMIT 1",
        "%virginia%",
    )
    values = {
        "Name": name,
        "Host": demo["host"],
        "Port": str(demo["port"]),
        "Database": demo["database"],
        "User": demo["username"],
        "Password": "not the password",
        **fields,
    }
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)


def password(stack: Stack) -> str:
    """The password of the simulated databases, as the stack's own vault opens it."""
    code = (
        "from connections.models import Connection as C; "
        "print(C.objects.exclude(simulated_rtt_ms=None)[0].open_password())"
    )
    return stack.shell(code).strip().splitlines()[-1]


def test_somebody_signs_out_and_in_again(page: Page):
    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#live-status")).to_contain_text("Live")


def test_the_first_page_shows_three_simulated_databases_with_results(page: Page, stack: Stack):
    page.goto(f"{stack.url}/?q=aws")  # other tests add many of their own
    rows = page.locator("tr[id^=connection-row-]").filter(has_text="simulated")
    expect(rows).to_have_count(3)
    for number in range(3):
        expect(rows.nth(number).locator(".c-latency")).to_have_text(re.compile(r"^(≈ )?\d+\.\d ms$"))


@anywhere
def test_a_connection_whose_first_test_fails_is_listed_mended_and_tested(page: Page, stack: Stack, name: str):
    page.get_by_role("link", name="Connections").click()
    page.get_by_role("link", name=re.compile("^Add")).first.click()
    fill(page, stack, name)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/connections/\d+/$"))

    page.get_by_role("link", name="Connections", exact=True).first.click()
    expect(row(page, name)).to_contain_text("auth_failed")
    row(page, name).get_by_role("link", name=name).click()
    expect(page.locator("#live")).to_contain_text("28P01")

    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    page.get_by_label("Password", exact=True).fill(password(stack))
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/connections/\d+/$"))

    page.get_by_role("link", name="Connections", exact=True).first.click()
    page.get_by_role("searchbox").fill(name)
    expect(row(page, name)).to_contain_text("Healthy")
    mark(page)
    before = row(page, name).locator(".c-checked a").get_attribute("href")
    row(page, name).get_by_role("button", name=f"Test {name}").click()
    expect(row(page, name).locator(".c-checked a")).not_to_have_attribute("href", before)
    expect(row(page, name)).to_contain_text("Healthy")
    expect_no_reload(page)


def test_one_acts_and_the_other_sees_it(open_browser, stack: Stack, name: str):
    acting, watching = open_browser(), open_browser()
    mark(watching)
    acting.goto(f"{stack.url}/connections/new/")
    fill(acting, stack, name)
    acting.get_by_role("button", name="Save").click()
    expect(row(watching, name)).to_contain_text("auth_failed")

    acting.goto(stack.url)
    before = row(watching, name).locator(".c-checked a").get_attribute("href")
    row(acting, name).get_by_role("button", name=f"Test {name}").click()
    for page in (acting, watching):
        expect(row(page, name).locator(".c-checked a")).not_to_have_attribute("href", before)
    expect_no_reload(watching)


def test_a_connection_is_tested_before_it_is_saved(page: Page, stack: Stack, name: str):
    page.goto(f"{stack.url}/connections/new/")
    fill(page, stack, name)
    page.get_by_role("button", name="Test before saving").click()
    expect(page.locator("#trial")).to_contain_text("28P01")
    page.get_by_label("Password", exact=True).fill(password(stack))
    page.get_by_role("button", name="Test before saving").click()
    expect(page.locator("#trial")).to_contain_text("Reached in")
    assert stack.rows("SELECT 1 FROM connections_connection WHERE name = %s", name) == []


@anywhere
def test_all_are_tested_with_progress_and_one_summary(page: Page):
    mark(page)
    page.get_by_role("button", name="Test all").click()
    expect(page.locator("#toasts")).to_contain_text("Testing all")
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator("#live tbody tr").first).to_contain_text("Finished")


@anywhere
def test_the_selected_are_tested(page: Page, stack: Stack):
    page.goto(f"{stack.url}/?q=aws")
    first = page.locator("tr[id^=connection-row-]").filter(has_text="simulated").nth(0)
    second = page.locator("tr[id^=connection-row-]").filter(has_text="simulated").nth(1)
    first.get_by_role("checkbox").check()
    second.get_by_role("checkbox").check()
    page.get_by_role("button", name=re.compile("Test selected")).click()
    expect(page.locator("#toasts")).to_contain_text("Testing 2 selected")
    page.wait_for_timeout(500)
    [run] = stack.rows("SELECT total FROM probes_run ORDER BY created_at DESC LIMIT 1")
    assert run["total"] == 2


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_shown_as_text(page: Page, stack: Stack, hostile: str):
    unique = f"{hostile} {uuid4().hex[:4]}"
    page.on("dialog", lambda dialog: pytest.fail("A script in a name ran."))
    page.goto(f"{stack.url}/connections/new/")
    fill(page, stack, unique)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/connections/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(hostile)
    page.goto(stack.url)
    expect(page.locator("#live")).to_contain_text(hostile)
