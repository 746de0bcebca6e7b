"""From pressing Test to the changed row in a real browser: the time that is not the probe's own.

The whole stack runs as ``make up`` starts it; the target is its own PostgreSQL, reached directly. A
MutationObserver in the page takes the time between the click and the row's new content, so the browser's
work is included: request, database, queue, worker, recorder, websocket, swap. What the probe itself took
(its ``total_ms``) is subtracted.
"""

import statistics

from playwright.sync_api import Page, sync_playwright

from bench._report import finish, percentile
from tests.rigs.browser import CHROMIUM, FLAGS, sign_in
from tests.rigs.stack import Stack

ROUNDS = 60
WARM_UP = 5

CLICK_AND_WAIT = """
async (row) => {
  const before = document.querySelector(`#${row} .c-checked a`)?.getAttribute("href");
  const changed = new Promise((resolve) => {
    const look = () => {
      const link = document.querySelector(`#${row} .c-checked a`)?.getAttribute("href");
      if (link && link !== before) { watch.disconnect(); resolve([performance.now(), link]); }
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, {subtree: true, childList: true, attributes: true});
  });
  const pressed = performance.now();
  document.querySelector(`#${row} .c-actions button`).click();
  const [seen, link] = await changed;
  return [seen - pressed, link];
}
"""


def main() -> None:
    with Stack() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        sign_in(page, stack)
        above, whole, probe = measure(page, stack)
        browser.close()
    show("press to changed row", whole)
    show("the probe itself", probe)
    show("above the probe", above)
    finish(
        name="dispatch",
        figure=round(statistics.median(above), 1),
        unit="ms",
        p95=round(percentile(above, 0.95), 1),
        rounds=len(above),
    )


def measure(page: Page, stack: Stack) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds above the probe, in all, and of the probe, one of each a round."""
    row = page.locator("tr[id^=connection-row-]").first.get_attribute("id")
    above, whole, probe = [], [], []
    for number in range(WARM_UP + ROUNDS):
        page.locator(f"#{row} .c-actions button:not([disabled])").wait_for()
        taken, link = page.evaluate(CLICK_AND_WAIT, row)
        run_id, connection_id = link.split("/")[2], link.split("/")[4]
        [result] = stack.rows(
            "SELECT total_ms FROM probes_result WHERE run_id = %s AND connection_id = %s",
            run_id,
            connection_id,
        )
        if number >= WARM_UP:
            above.append(taken - result["total_ms"])
            whole.append(taken)
            probe.append(result["total_ms"])
    return above, whole, probe


def show(name: str, samples: list[float]) -> None:
    median, worst = statistics.median(samples), percentile(samples, 0.95)
    print(f"{name:<24} median {median:8.1f} ms   p95 {worst:8.1f} ms   n {len(samples)}")
