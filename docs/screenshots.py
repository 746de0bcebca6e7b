"""Takes the README's pictures of a freshly started stack: ``make screenshots``."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.rigs.browser import CHROMIUM, FLAGS, sign_in
from tests.rigs.stack import Stack

FOLDER = Path(__file__).parent / "images"
CONNECTIONS = 24
"""Made up, with a month of made-up results, marked as synthetic wherever they appear."""


AS_WEBP = """async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.85).split(",")[1];
}"""


@dataclass(frozen=True)
class Picture:
    """``go`` takes the page to what the picture shows."""

    name: str
    scheme: str
    width: int
    height: int
    go: Callable[[Page, Stack], None]


def dashboard(page: Page, stack: Stack) -> None:
    page.goto(stack.url)
    expect(page.locator(".map-ground .leaflet-marker-icon").first).to_be_visible()


def connection(page: Page, stack: Stack) -> None:
    [row] = stack.rows("SELECT connection_id AS id FROM probes_result WHERE synthetic LIMIT 1")
    page.goto(f"{stack.url}/connections/{row['id']}/?window=7d")
    page.locator("#charts-heading").scroll_into_view_if_needed()
    expect(page.locator("figure[data-chart][data-state=ready]").first).to_be_visible()
    page.locator("#charts-heading").evaluate("heading => heading.scrollIntoView()")


def load_test(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/connections/?q=virginia")
    row = page.locator("tr[id^=connection-row-]", has_text="simulated").first
    row.get_by_label(re.compile("^More for")).click()
    row.get_by_role("button", name="Load…").click()
    page.get_by_label("Seconds", exact=True).fill("20")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile("/runs/"))
    expect(page.locator(".result-head")).to_be_visible(timeout=60_000)
    expect(page.locator("figure[data-chart][data-state=ready]").first).to_be_visible()


PICTURES = (
    Picture("dashboard", "light", 1440, 900, dashboard),
    Picture("dashboard-phone", "dark", 390, 844, dashboard),
    Picture("connection", "dark", 1440, 900, connection),
    Picture("load-test", "light", 1440, 900, load_test),
)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with Stack() as stack, sync_playwright() as playwright:
        made = stack.manage(
            "history", "generate", "--rows", "60000", "--connections", str(CONNECTIONS), "--force"
        )
        assert made.returncode == 0, made.stderr
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        blank = browser.new_page()
        for picture in PICTURES:
            context = browser.new_context(
                viewport={"width": picture.width, "height": picture.height},
                color_scheme=picture.scheme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.set_default_timeout(30_000)
            sign_in(page, stack)
            picture.go(page, stack)
            page.wait_for_timeout(1_500)
            (FOLDER / f"{picture.name}.webp").write_bytes(as_webp(blank, page.screenshot()))
            context.close()
        browser.close()


def as_webp(blank: Page, taken: bytes) -> bytes:
    """A quarter of the size of a PNG; made by the browser, which is there anyhow."""
    picture: str = blank.evaluate(AS_WEBP, base64.b64encode(taken).decode())
    return base64.b64decode(picture)


if __name__ == "__main__":
    main()
