"""Charts and success strips in a real browser, behind the application's own security headers."""

import re
import struct
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from probes.telling import figures
from tests.browser import showcase
from tests.rigs.gallery import Gallery

PAGE = Path(__file__).with_name("gallery.html")
LIGHT_P50, DARK_P50 = (0x44, 0x50, 0xC4), (0xA5, 0xAE, 0xFF)
HOSTILE = '<img src=x onerror="document.title=1"></script><b>'

COUNT_PIXELS = """(figure, [from, to, red, green, blue]) => {
  let found = 0;
  for (const canvas of figure.querySelectorAll(".u-wrap > canvas")) {
    const over = canvas.parentElement.querySelector(".u-over");
    const ratio = canvas.width / canvas.clientWidth;
    const left = Math.round((over.offsetLeft + from * over.clientWidth) * ratio);
    const width = Math.round((to - from) * over.clientWidth * ratio);
    const copy = new OffscreenCanvas(width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, -left, 0);
    const { data } = copy.getImageData(0, 0, width, canvas.height);
    for (let i = 0; i < data.length; i += 4) {
      const away = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue);
      if (data[i + 3] > 200 && away < 12) found += 1;
    }
  }
  return found;
}"""
APPEND = """(figure, [x, value]) => figure.dispatchEvent(
  new CustomEvent("meridian:chart-append", { detail: { x: [x], values: [[value]] } }))"""


@pytest.fixture(scope="module")
def server() -> Iterator[Gallery]:
    with Gallery(PAGE, {}) as running:
        yield running


@pytest.fixture
def gallery(server: Gallery) -> Gallery:
    server.charts = {**showcase.showcase(), "broken": showcase.size()}
    server.asked.clear()
    return server


@pytest.fixture(scope="module")
def light(browser: Browser) -> Iterator[BrowserContext]:
    """What most tests open their page in: it keeps the files that it has fetched."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def open_gallery(browser: Browser, light: BrowserContext, gallery: Gallery) -> Iterator[Callable[..., Page]]:
    """Opens the gallery. At the end, the console must hold no error and no CSP report but the `allowed` ones."""
    pages: list[Page] = []
    complaints: list[str] = []

    def start(*, allowed: str = "nothing", **options) -> Page:
        page = browser.new_page(**options) if options else light.new_page()
        pages.append(page)

        def hear(text: str) -> None:
            if allowed not in text:
                complaints.append(text)

        page.on("pageerror", lambda error: hear(str(error)))
        page.on("console", lambda said: hear(said.text) if said.type in ("error", "warning") else None)
        page.goto(gallery.url)
        expect(page.locator("#load[data-state=ready] canvas").first).to_be_attached()
        return page

    yield start
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture
def page(open_gallery: Callable[..., Page]) -> Page:
    return open_gallery()


def ready(page: Page, name: str) -> Locator:
    figure = page.locator(f"#{name}")
    expect(figure).to_have_attribute("data-state", "ready")
    expect(figure.locator(".u-over, .strip-cell").first).to_be_attached()
    return figure


def reading(figure: Locator) -> Locator:
    return figure.locator(".chart-reading")


def pixels(figure: Locator, colour: tuple[int, int, int], start: float = 0, end: float = 1) -> int:
    """How many pixels of the plot have this colour between two shares of its width."""
    found: int = figure.evaluate(COUNT_PIXELS, [start, end, *colour])
    return found


def point(page: Page, figure: Locator, share: float) -> None:
    box = figure.locator(".u-over").first.bounding_box()
    page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2, steps=3)


def drag(page: Page, figure: Locator, start: float, end: float) -> None:
    figure.scroll_into_view_if_needed()
    point(page, figure, start)
    page.mouse.down()
    point(page, figure, end)
    page.mouse.up()


def plot(figure: Locator) -> Locator:
    return figure.locator(".chart-plot, .strip-cells")


def add(page: Page, html: str) -> None:
    page.evaluate("html => { document.getElementById('more').innerHTML = html }", html)


def count_drawings(page: Page, figure: Locator) -> None:
    figure.evaluate(
        "figure => { window.drawings = 0;"
        " figure.addEventListener('meridian:chart-drawn', () => { window.drawings += 1 }) }"
    )


def tell(page: Page, frame: dict[str, object]) -> None:
    """As live.js does when a frame of progress arrives."""
    page.evaluate(
        "frame => document.dispatchEvent(new CustomEvent('meridian:progress', { detail: frame }))", frame
    )


def after_two_frames(page: Page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def hide(page: Page, hidden: bool) -> None:
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_chart_is_drawn_without_a_complaint_at_its_reserved_height(
    open_gallery, width: int, scheme: str
) -> None:
    page = open_gallery(viewport={"width": width, "height": 900}, color_scheme=scheme)
    for name in (
        "latency",
        "phases",
        "usage",
        "several",
        "samples",
        "histogram",
        "size",
        "errors",
        "load",
        "strip",
    ):
        ready(page, name)
    expect(page.locator("#empty .chart-notice")).to_have_text("No check has run in this window.")
    shifted = page.evaluate(
        "() => new Promise(done => new PerformanceObserver(list => done("
        "list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))"
        ".observe({ type: 'layout-shift', buffered: true }) || setTimeout(done, 500, 0))"
    )
    assert shifted < 0.01
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dragging_zooms_every_chart_of_the_group_and_a_double_click_shows_everything(page) -> None:
    latency, phases = ready(page, "latency"), ready(page, "phases")
    drag(page, latency, 0.5, 0.75)
    for figure in (latency, phases):
        expect(figure.get_by_role("button", name="Show everything again")).to_be_visible()
    plot(phases).focus()
    page.keyboard.press("Home")
    page.keyboard.press("Escape")
    drag(page, phases, 0.5, 0.75)
    page.mouse.move(0, 0)
    plot(phases).focus()
    page.keyboard.press("ArrowRight")
    expect(reading(phases)).to_have_text(re.compile(r"2026-03-1[23] (23:[45]|00:[01])"))
    latency.locator(".u-over").dblclick()
    for figure in (latency, phases):
        expect(figure.get_by_role("button", name="Show everything again")).to_be_hidden()


def test_keys_walk_the_points_zoom_and_go_back(page) -> None:
    figure = ready(page, "phases")
    figure.evaluate("figure => figure.focus()")
    expect(plot(figure)).to_be_focused()
    page.keyboard.press("Home")
    expect(reading(figure)).to_have_text("2026-03-12 12:00:00 UTC")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(reading(figure)).to_have_text("2026-03-12 12:55:00 UTC")
    expect(figure.get_by_role("status")).to_contain_text("2026-03-12 12:55:00 UTC: dns ")
    expect(figure.get_by_role("status")).to_contain_text(re.compile(r"query \d+\.\d ms"))
    page.keyboard.press("End")
    expect(reading(figure)).to_have_text("2026-03-13 11:55:00 UTC")
    page.keyboard.press("+")
    expect(figure.get_by_role("button", name="Show everything again")).to_be_visible()
    page.keyboard.press("Home")
    expect(reading(figure)).to_have_text("2026-03-12 12:00:00 UTC")
    page.keyboard.press("Escape")
    expect(figure.get_by_role("button", name="Show everything again")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(reading(figure)).to_have_text("Latest: 2026-03-13 11:55:00 UTC")


def test_a_stretch_that_nobody_measured_stays_empty(page) -> None:
    figure = ready(page, "latency")
    assert pixels(figure, LIGHT_P50, 0.2, 0.4) > 50
    assert pixels(figure, LIGHT_P50, 0.43, 0.49) == 0
    point(page, figure, 0.46)
    expect(reading(figure)).to_contain_text("no data")
    expect(figure.locator(".chart-value").first).to_have_text("—")


def test_a_failure_is_a_cross_above_its_place_and_named_under_the_cursor(page) -> None:
    figure = ready(page, "latency")
    assert pixels(figure, (0xC0, 0x25, 0x25)) > 10
    plot(figure).focus()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("PageDown")
    expect(reading(figure)).to_have_text("2026-03-12 15:20:00 UTC · ✕ 1 of 1 failed")
    expect(figure.get_by_role("status")).to_contain_text("p50 —, p95 —, p99 —, 1 of 1 failed")


def test_a_database_that_was_down_throughout_is_drawn_and_marked_as_such(page) -> None:
    figure = ready(page, "down")
    assert pixels(figure, (0xC0, 0x25, 0x25)) > 10
    expect(figure.locator(".chart-notice")).to_be_hidden()
    expect(reading(figure)).to_have_text("Latest: 2026-03-12 12:00:00 UTC · ✕ 1 of 1 failed")


def test_the_cursor_is_shared_by_the_charts_of_a_group_only(page) -> None:
    latency, phases, several = ready(page, "latency"), ready(page, "phases"), ready(page, "several")
    size = ready(page, "size")
    point(page, latency, 0.2)
    expect(reading(latency)).not_to_contain_text("Latest")
    when = reading(latency).text_content()
    expect(reading(phases)).to_have_text(when)
    expect(reading(several)).to_have_text(when)
    expect(reading(size)).to_contain_text("Latest")


def test_a_series_is_hidden_and_shown_again_by_click_and_by_key(page) -> None:
    figure = ready(page, "latency")
    button = figure.get_by_role("button", name=re.compile("^p50"))
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    after_two_frames(page)
    assert pixels(figure, LIGHT_P50) == 0
    button.focus()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    after_two_frames(page)
    assert pixels(figure, LIGHT_P50) > 50


def test_every_value_has_its_unit(page) -> None:
    for name, series, value in [
        ("usage", "Cache hits", r"99\.\d+ %"),
        ("usage", "Connections", r"\d\d"),
        ("size", "Size", r"5\.\d\d GiB"),
        ("load", "Rate", r"4,\d{3}/s"),
        ("phases", "tls", r"\d\d\.\d ms"),
    ]:
        item = ready(page, name).locator(".chart-series", has_text=series)
        expect(item.locator(".chart-value")).to_have_text(re.compile(f"^{value}$"))


def test_a_chart_writes_figures_as_the_pages_do(page) -> None:
    amounts = [
        0,
        0.04,
        0.085,
        0.9996,
        1,
        2.314,
        9.996,
        10,
        84.26,
        99.96,
        100,
        999.96,
        1270.4,
        9_999.6,
        12_400,
        999_960,
    ]
    amounts += [119.4, 7_190, 90_000, 400_000, 3.4 * 2**30, 2**50]
    shares = [0, 0.004, 5, 99.5, 99.95, 99.9996, 100]
    written = {
        "ms": (figures.fine, amounts),
        "per_s": (figures.rate, amounts),
        "count": (figures.count, [int(amount) for amount in amounts]),
        "bytes": (figures.volume, [amount for amount in amounts if not 1000 <= amount < 1024]),
        "s": (figures.span, amounts),
        "%": (lambda value: figures.share(value / 100), shares),
    }
    script = """async ([unit, values]) => {
      const { figure } = await import("/static/meridian/charts/figures.js");
      return values.map(value => figure(unit, value));
    }"""
    for unit, (write, values) in written.items():
        assert page.evaluate(script, [unit, values]) == [write(value) for value in values], unit


def test_the_colours_follow_the_scheme(open_gallery) -> None:
    page = open_gallery(color_scheme="light")
    figure = ready(page, "latency")
    assert pixels(figure, DARK_P50) == 0
    page.get_by_role("button", name="Switch between light and dark").click()
    after_two_frames(page)
    assert pixels(figure, DARK_P50) > 50
    assert pixels(figure, LIGHT_P50) == 0


def test_a_page_prints_light_and_stays_dark_on_the_screen(open_gallery) -> None:
    page = open_gallery(color_scheme="dark")
    figure = ready(page, "latency")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert pixels(figure, LIGHT_P50) > 50
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert pixels(figure, DARK_P50) > 50


def test_many_points_at_once_are_one_drawing(page) -> None:
    figure = ready(page, "size")
    count_drawings(page, figure)
    figure.evaluate(
        "(figure, start) => { for (let i = 0; i < 50; i += 1) figure.chart.append({ x: start + 300 * i, values: [7e9] }) }",
        showcase.NOON + 288 * 300,
    )
    expect(reading(figure)).to_have_text("Latest: 2026-03-13 16:05:00 UTC")
    after_two_frames(page)
    assert page.evaluate("window.drawings") == 1


def test_a_hidden_page_draws_nothing_until_it_is_shown_again(page) -> None:
    figure = ready(page, "size")
    count_drawings(page, figure)
    hide(page, True)
    figure.evaluate(APPEND, [showcase.NOON + 400 * 300, 8e9])
    after_two_frames(page)
    assert page.evaluate("window.drawings") == 0
    hide(page, False)
    expect(reading(figure)).to_have_text("Latest: 2026-03-13 21:20:00 UTC")
    expect(figure.locator(".chart-value")).to_have_text("7.45 GiB")
    assert page.evaluate("window.drawings") == 1


def test_the_load_chart_takes_the_seconds_of_its_own_target(page) -> None:
    figure = ready(page, "load")
    row = {"rate": 12_400, "p50": 1270, "p95": 1300, "p99": 1400}
    frames = [(7, "home", 60, {}), (7, "tokyo", 61, {}), (8, "home", 62, {}), (7, "home", 60, {"57014": 3})]
    for connection, vantage, start, errors in frames:
        report = {
            "kind": "load",
            "seconds": 90,
            "series_from": start,
            "series": [{**row, "start": start, "errors": errors}],
        }
        frame = {"kind": "progress", "connection": connection, "vantage": vantage, "report": report}
        tell(page, frame)
    expect(reading(figure)).to_have_text("Latest: 1:00 · ✕ 3 \u00d7 57014")
    expect(figure.locator(".chart-value")).to_have_text(["12.4 k/s", "1.27 s", "1.30 s", "1.40 s"])


def test_the_latency_strip_grows_with_its_samples(page) -> None:
    figure = page.locator("#live-latency")
    expect(figure.locator(".chart-notice")).to_have_text(
        "The first samples come within a second of the start."
    )
    for samples in ([84.2], [84.2, None, 85.1]):
        report = {"kind": "latency", "done": len(samples), "total": 20, "samples": samples}
        frame = {"kind": "progress", "connection": 7, "vantage": "home", "report": report}
        tell(page, frame)
    expect(reading(figure)).to_have_text("3 values")
    plot(figure).focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(reading(figure)).to_have_text("Sample 2 · ✕ failed")


def test_the_picture_has_the_chart_its_title_and_its_legend_at_the_screens_density(open_gallery) -> None:
    page = open_gallery(device_scale_factor=2)
    figure = ready(page, "latency")
    with page.expect_download() as started:
        figure.get_by_role("button", name="Download PNG of Latency").click()
    assert re.fullmatch(r"latency-\d{8}-\d{4}\.png", started.value.suggested_filename)
    picture = Path(started.value.path()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    box = plot(figure).bounding_box()
    assert width == pytest.approx(2 * (box["width"] + 32), abs=4)
    assert height > 2 * box["height"] + 100
    assert len(picture) > 10_000


def test_what_a_server_failed_to_send_can_be_asked_for_again(open_gallery, gallery) -> None:
    gallery.charts["broken"] = HTTPStatus.SERVICE_UNAVAILABLE
    page = open_gallery(allowed="503")
    figure = page.locator("#broken")
    expect(figure.locator(".chart-notice")).to_contain_text("The server could not answer (503).")
    gallery.charts["broken"] = showcase.size()
    figure.get_by_role("button", name="Try again").click()
    ready(page, "broken")
    expect(figure.locator(".chart-notice")).to_be_hidden()


def test_what_the_server_refuses_is_said_in_its_own_words(open_gallery, gallery) -> None:
    gallery.charts["broken"] = (HTTPStatus.UNPROCESSABLE_ENTITY, {"error": HOSTILE})
    page = open_gallery(allowed="422")
    expect(page.locator("#broken .chart-notice p")).to_have_text(HOSTILE)
    gallery.charts["broken"] = HTTPStatus.UNPROCESSABLE_ENTITY
    page.locator("#broken").get_by_role("button", name="Try again").click()
    expect(page.locator("#broken .chart-notice p")).to_have_text("The server could not answer (422).")


def test_data_that_cannot_be_read_is_said_and_not_drawn(page) -> None:
    figure = ready(page, "size")
    good = {"label": "a", "values": [1, 2]}
    for odd in [
        None,
        {},
        {"series": "all"},
        {"x": 3, "series": []},
        {"x": [2, 1], "series": [good]},
        {"x": [1, "2"], "series": [good]},
        {"x": [1, 1e300], "series": [good]},
        {"x": [1, 2], "series": [None]},
        {"x": [1, 2], "series": [{**good, "values": [1]}]},
        {"x": [1, 2], "series": [{**good, "unit": "furlongs"}]},
        {"x": [1, 2], "series": [{**good, "panel": 10**9}]},
        {"x": [1, 2], "series": [good], "x_kind": "constructor"},
        {"x": [1, 2], "series": [good], "from": 5, "to": 1},
        {"x": [1, 2], "series": [good], "marks": 7},
    ]:
        figure.evaluate("(figure, odd) => figure.chart.replace(odd)", odd)
        expect(reading(figure)).to_have_text("Not up to date: This chart's data cannot be read.")
        figure.evaluate("(figure, good) => figure.chart.replace(good)", {"x": [1, 2], "series": [good]})
        expect(reading(figure)).to_have_text("Latest: 1970-01-01 00:00:02 UTC")


def test_somebody_who_was_signed_out_goes_to_the_sign_in(page) -> None:
    add(page, '<figure class="chart" data-chart data-src="/runs/"></figure>')
    page.wait_for_url("**/login/?next=%2Fgallery")


def test_a_chart_is_fetched_again_by_an_event_and_by_another_address(page, gallery) -> None:
    figure = ready(page, "latency")
    assert gallery.asked.count("latency") == 1
    gallery.charts["latency"] = showcase.several()
    page.evaluate("document.dispatchEvent(new Event('gallery:reload'))")
    expect(figure.locator(".chart-series")).to_have_count(5)
    figure.evaluate("figure => { figure.dataset.src = 'charts/phases' }")
    expect(figure.locator(".chart-series").first).to_contain_text("dns")


def test_names_from_a_database_are_only_ever_text(page, gallery) -> None:
    series = [{"label": HOSTILE, "role": "plain", "values": [1, 2]}]
    marks = [{"x": 2, "label": HOSTILE, "role": "error"}, {"x": 1, "label": HOSTILE, "role": "note"}]
    gallery.charts["hostile"] = {
        "title": HOSTILE,
        "unit": "ms",
        "x_kind": "index",
        "x": [1, 2],
        "series": series,
        "marks": marks,
    }
    gallery.charts["hostile-strip"] = [{"from": 0, "to": 60, "state": "<b>", "text": HOSTILE}]
    add(
        page,
        '<figure class="chart" id="hostile" data-chart data-src="charts/hostile"></figure>'
        '<figure id="hostile-strip" data-strip data-src="charts/hostile-strip"></figure>',
    )
    figure, strip = ready(page, "hostile"), ready(page, "hostile-strip")
    expect(figure.locator("figcaption")).to_have_text(HOSTILE)
    expect(figure.locator(".chart-label")).to_have_text(HOSTILE)
    expect(figure.locator("table tbody tr").last).to_contain_text(HOSTILE)
    expect(reading(strip)).to_contain_text(HOSTILE)
    assert page.locator("#more :is(img, b)").count() == 0
    assert page.title() != "1"


def test_a_chart_that_leaves_the_page_frees_what_it_held(page, gallery) -> None:
    figure = ready(page, "latency")
    figure.evaluate("figure => { window.kept = figure; figure.remove() }")
    page.wait_for_function("window.kept.chart === undefined")
    assert page.evaluate("window.kept.outerHTML.includes('canvas')") is False
    asked = len(gallery.asked)
    page.evaluate("document.dispatchEvent(new Event('gallery:reload'))")
    after_two_frames(page)
    assert len(gallery.asked) == asked
    page.evaluate("document.getElementById('more').append(window.kept)")
    ready(page, "latency")
    assert page.locator("#latency figcaption").count() == 1


def test_a_preserved_chart_outlives_a_swap_and_a_new_one_begins(page) -> None:
    add(page, '<figure class="chart" id="kept" hx-preserve data-chart data-src="charts/size"></figure>')
    ready(page, "kept").evaluate("figure => { figure.querySelector('canvas').wasHere = true }")
    kept = '<figure class="chart" id="kept" hx-preserve data-chart data-src="charts/size"></figure>'
    data = '{"x": [0, 60], "series": [{"label": "a", "values": [1, 2]}]}'
    new = f'<figure class="chart" id="new" data-chart><template>{data}</template></figure>'
    page.evaluate("html => htmx.swap('#more', html, { swapStyle: 'innerHTML' })", kept + new)
    assert ready(page, "kept").evaluate("figure => figure.querySelector('canvas').wasHere === true")
    ready(page, "new")


def test_ten_thousand_points_are_drawn_and_can_be_walked(page) -> None:
    figure = ready(page, "size")
    count = 10_000
    chart = {
        "unit": "ms",
        "x": list(range(count)),
        "series": [
            {"label": role, "role": role, "values": [row % 97 for row in range(count)]}
            for role in ("p50", "p99")
        ],
    }
    figure.evaluate("(figure, chart) => figure.chart.replace(chart)", chart)
    expect(figure.locator(".chart-series")).to_have_count(2)
    plot(figure).focus()
    page.keyboard.press("End")
    expect(reading(figure)).to_have_text("1970-01-01 02:46:39 UTC")
    expect(figure.locator("table tbody tr")).to_have_count(200)
    expect(figure.locator("caption")).to_contain_text("one in 50 of 10000 points")


def test_a_screen_reader_finds_a_name_a_summary_and_the_rows(page) -> None:
    figure = ready(page, "samples")
    chart = page.get_by_role("application", name="Every round trip")
    expect(chart).to_have_accessible_description(
        re.compile(r"200 points from Sample 1 to Sample 200\. .* 3 marked as failed")
    )
    expect(figure.get_by_role("table")).to_contain_text("Sample 61—failed")


def test_figures_that_nobody_measured_are_called_so_by_the_caption_and_the_name(page) -> None:
    figure = ready(page, "latency")
    name = figure.get_by_role("application").get_attribute("aria-label")
    data = {**showcase.latency(), "origin": "synthetic"}
    figure.evaluate("(figure, json) => figure.chart.replace(json)", data)
    expect(page.get_by_role("application", name=f"{name} (synthetic)")).to_be_visible()
    beside = "caption => getComputedStyle(caption, '::after').content"
    assert "synthetic" in figure.locator("figcaption").evaluate(beside)


def test_a_strip_says_by_word_and_shape_what_happened_in_each_cell(page) -> None:
    figure = ready(page, "strip")
    expect(plot(figure)).to_have_attribute(
        "aria-label", "Success, last 30 days: 80 good, 2 partly failed, 3 failed, 1 our own fault, 4 no data"
    )
    figure.scroll_into_view_if_needed()
    plot(figure).focus()
    page.keyboard.press("Home")
    expect(reading(figure)).to_have_text("● Good · 2026-03-12 12:00 \u2013 20:00 UTC")
    page.keyboard.press("Shift+ArrowRight")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(reading(figure)).to_have_text(
        "▲ Partly failed · 2026-03-16 12:00 \u2013 20:00 UTC · 95 of 96 checks answered"
    )
    expect(figure.get_by_role("status")).to_contain_text("Partly failed")
    figure.locator(".strip-cell").nth(13).hover(force=True)
    expect(reading(figure)).to_contain_text("■ Failed")


def test_a_strip_that_is_loaded_again_stays_at_the_cell_that_somebody_looks_at(page, gallery) -> None:
    figure = ready(page, "strip")
    plot(figure).focus()
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    here = reading(figure).text_content()
    gallery.charts["strip"]["cells"] = gallery.charts["strip"]["cells"][1:]
    page.evaluate("document.dispatchEvent(new Event('gallery:reload'))")
    expect(figure.locator(".strip-cell")).to_have_count(89)
    expect(reading(figure)).to_have_text(here)
    expect(figure.locator(".strip-cell").nth(1)).to_have_attribute("data-here", "")
    gallery.charts["strip"]["cells"] = gallery.charts["strip"]["cells"][2:]
    page.evaluate("document.dispatchEvent(new Event('gallery:reload'))")
    expect(reading(figure)).to_contain_text("Latest: ")


def test_a_strip_that_cannot_be_loaded_again_keeps_what_it_shows_and_says_that_it_is_old(
    open_gallery, gallery
) -> None:
    page = open_gallery(allowed="503")
    figure = ready(page, "strip")
    gallery.charts["strip"] = HTTPStatus.SERVICE_UNAVAILABLE
    page.evaluate("document.dispatchEvent(new Event('gallery:reload'))")
    expect(reading(figure)).to_have_text("Not up to date: The server could not answer (503).")
    expect(figure.get_by_role("status")).to_have_text("The server could not answer (503).")
    expect(figure).to_have_attribute("data-state", "ready")
    expect(figure.locator(".strip-cell")).to_have_count(90)
    gallery.charts["strip"] = showcase.strip()
    page.evaluate("document.dispatchEvent(new Event('gallery:reload'))")
    expect(reading(figure)).to_contain_text("Latest: ")
