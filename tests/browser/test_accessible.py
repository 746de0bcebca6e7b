"""Every page, at two widths and in both schemes: no violation that axe-core knows, and never wider than its window."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.rigs.browser import sign_in
from tests.rigs.stack import PROJECT, Stack

AXE = (PROJECT / "node_modules" / "axe-core" / "axe.min.js").read_text()
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.flatMap(
  ({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`))"""
WINDOWS = [{"width": 390, "height": 844}, {"width": 1440, "height": 900}]
SCHEMES = ["light", "dark"]

Path = Callable[[Stack], str]


def newest(kind: str) -> Path:
    """The result of the newest finished run of a kind; one is asked for while there is none."""

    def found(stack: Stack) -> str:
        [row] = stack.rows(
            "SELECT run_id, connection_id, vantage FROM probes_result WHERE kind = %s ORDER BY issued_at DESC LIMIT 1",
            kind,
        )
        return f"/runs/{row['run_id']}/results/{row['connection_id']}/{row['vantage']}/"

    return found


def of_virginia(path: str) -> Path:
    def found(stack: Stack) -> str:
        [row] = stack.rows("SELECT id FROM connections_connection WHERE name LIKE %s", "US East%")
        return f"/connections/{row['id']}/{path}"

    return found


def newest_run(stack: Stack) -> str:
    [row] = stack.rows("SELECT id FROM probes_run WHERE total > 1 ORDER BY created_at DESC LIMIT 1")
    return f"/runs/{row['id']}/"


PAGES: dict[str, str | Path] = {
    "dashboard": "/",
    "connections": "/connections/?q=aws&sort=-latency",
    "nothing found": "/connections/?q=nothing-is-called-so",
    "connection": of_virginia(""),
    "new connection": "/connections/new/",
    "edit": of_virginia("edit/"),
    "delete": of_virginia("delete/"),
    "load options": of_virginia("load/"),
    "runs": "/runs/",
    "run of all": newest_run,
    "connection test": newest("connection"),
    "latency test": newest("latency"),
    "load test": newest("load"),
    "health check": newest("health"),
    "history": "/history/",
    "map": "/map/",
    "schedules": "/schedules/",
    "new schedule": "/schedules/new/",
    "assistant": "/assistant/",
    "workers": "/workers/",
    "flags": "/flags/",
    "tokens": "/tokens/",
    "not found": "/no-such-page/",
}

FOUND = """
from connections.models import Connection
from probes import dispatch
everything = list(Connection.objects.filter(simulated_rtt_ms__isnull=False))
for kind, some, params in (
    ("connection", everything, {}),
    ("health", everything, {}),
    ("latency", everything[:1], {"samples": 20}),
    ("load", everything[:1], {"clients": 2, "seconds": 2}),
):
    dispatch.request_run(kind=kind, connections=some, source="command", params=params)
"""
KINDS = "SELECT count(DISTINCT kind) AS kinds FROM probes_result"


@pytest.fixture(scope="module")
def shown(browser: Browser, stack: Stack) -> Iterator[Page]:
    """One signed-in page for all, which changes its window and its scheme; every kind of test has been run."""
    context = browser.new_context(viewport=WINDOWS[1], bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(20_000)
    sign_in(page, stack)
    done = stack.manage("shell", "-c", FOUND)
    assert done.returncode == 0, done.stderr
    for _ in range(100):
        if stack.rows(KINDS)[0]["kinds"] == 4:
            break
        page.wait_for_timeout(200)
    yield page
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(shown: Page, stack: Stack, name: str):
    path = PAGES[name]
    shown.goto(f"{stack.url}{path if isinstance(path, str) else path(stack)}")
    shown.evaluate(AXE)
    found: list[str] = []
    for window in WINDOWS:
        shown.set_viewport_size(window)
        for scheme in SCHEMES:
            shown.evaluate("scheme => document.documentElement.dataset.bsTheme = scheme", scheme)
            found += [f"{scheme} {window['width']}: {violation}" for violation in shown.evaluate(RUN)]
        wide = shown.evaluate("document.documentElement.scrollWidth")
        if wide > window["width"]:
            found.append(f"{window['width']}: the page is {wide} pixels wide")
    assert "\n".join(found) == ""
