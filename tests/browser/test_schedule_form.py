"""The form of a schedule tells what it would do while somebody fills it in, and offers the options of the chosen test."""

import re

from playwright.sync_api import Page, expect

from tests.rigs.stack import Stack


def test_a_schedule_is_made_with_its_starts_told_beforehand(page: Page, stack: Stack):
    page.goto(f"{stack.url}/schedules/new/")
    starts = page.locator("#schedule-preview li")
    expect(starts).to_have_count(5)
    page.get_by_label("Name", exact=True).fill("At night")
    page.get_by_label("By a cron line").check()
    page.get_by_label("Cron line", exact=True).fill("30 2 * * *")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    expect(starts.first).to_contain_text("02:30:0")
    expect(page.locator("#schedule-preview")).to_contain_text("there is no 02:30 in Europe/Berlin")
    expect(page.get_by_label("Every", exact=True)).to_be_hidden()
    page.get_by_label("Cron line", exact=True).fill("30 2 31 2 *")
    expect(page.locator("#schedule-preview")).to_contain_text("No month has such a day")
    page.get_by_label("Latency test").check()
    page.get_by_label("Round trips").fill("7")
    page.get_by_label("Cron line", exact=True).fill("30 2 * * *")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/schedules/\d+/$"))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.locator("#dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(f"{stack.url}/schedules/")
