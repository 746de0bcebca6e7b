"""Whatever dies in the middle of a run of a hundred, the open page ends right, without a reload."""

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.rigs.stack import Stack
from tests.stack.test_faults_during_a_run import kill_valkey, kill_worker


def kill_web(stack: Stack) -> None:
    os.kill(stack.processes("uvicorn")[0], signal.SIGKILL)


@pytest.mark.parametrize("fault", [kill_worker, kill_valkey, kill_web])
def test_every_row_shows_its_result_of_the_run(stack: Stack, open_browser, fault):
    page = open_browser(complains=False)
    page.goto(f"{stack.url}/?show=1000")
    expect(page.locator("tr[id^=connection-row-]")).to_have_count(100)
    page.evaluate("window.notReloaded = true")
    page.get_by_role("button", name="Test all").click()
    expect(page.locator("#progress progress")).to_be_visible()
    [run] = stack.rows("SELECT id FROM probes_run ORDER BY created_at DESC LIMIT 1")
    fault(stack)
    try:
        expect(page.locator(f".c-checked a[href^='/runs/{run['id']}/']")).to_have_count(100, timeout=60_000)
    except AssertionError as error:
        error.add_note(f"{stack.rows('SELECT state, total, done FROM probes_run WHERE id = %s', run['id'])}")
        error.add_note(f"The page holds event {page.locator('#live').get_attribute('data-seq')}")
        error.add_note(stack.log.read_text()[-4000:])
        raise
    expect(page.locator("tr[aria-busy]")).to_have_count(0)
    expect(page.locator("#progress progress")).to_have_count(0)
    expect(page.locator("#live-status")).to_have_text(re.compile("Live"), timeout=20_000)
    assert page.evaluate("window.notReloaded") is True
