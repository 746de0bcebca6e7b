"""The lists of connections: filtered, sorted and cut by their address, with as many statements for ten as for sixty."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Region
from probes import roster
from probes.history import record
from probes.models import Run
from tests.rigs.results import OURS, REFUSED, result

pytestmark = pytest.mark.django_db
LIVE = {"HX-Request": "true", "HX-Target": "live"}
MINUTE = timedelta(minutes=1)
LISTS = ["/", "/connections/"]
HOSTILE = [
    "<script>alert(1)</script>",
    "\"quotes\" and 'quotes'",
    "{{ 7|add:7 }} 100 %",
    "\u202eright to left",
    "<img src=x onerror=alert(1)>",
]


def measure(connection, minutes=1, **fields):
    """A result of so many minutes ago, in the history and, when none is newer, as the connection's latest."""
    at = timezone.now() - minutes * MINUTE
    found = result(connection.pk, at, **fields)
    record(Run(id=found.run_id, created_at=at), [found])


def names(page):
    return [
        unescape(name) for name in re.findall(r'scope="row"><div class="named"><a [^>]*>(.*?)</a>', page.text)
    ]


def row(page, connection):
    return re.search(rf'<tr id="connection-row-{connection.pk}".*?</tr>', page.text, re.DOTALL)[0]


def cell(page, connection, name):
    return re.search(rf'<t[dh] class="{name}[ "].*?</t[dh]>', row(page, connection), re.DOTALL)[0]


@pytest.fixture
def fleet(make_connection):
    """One connection in each state, and an inactive one that is down."""
    made = {name: make_connection(name) for name in ("delta", "alpha", "charlie", "bravo")}
    made["asleep"] = make_connection("asleep", active=False)
    measure(made["delta"], query_ms=20.0, total_ms=90.0)
    measure(made["alpha"], query_ms=300.0, total_ms=800.0)
    measure(made["charlie"], **REFUSED)
    measure(made["asleep"], **REFUSED)
    return made


@pytest.mark.parametrize("path", LISTS)
def test_a_tile_leads_to_as_many_rows_as_it_counts(client, fleet, path):
    page = client.get(path)
    tiles = re.findall(r'href="\?state=(\w+)"[^>]*data-count="(\d+)"', page.text)
    assert dict(tiles) == {"healthy": "1", "slow": "1", "down": "1", "unknown": "1"}
    for state, count in tiles:
        assert len(names(client.get(f"{path}?state={state}"))) == int(count)


def test_filters_narrow_together_and_are_chips_that_take_them_off(client, make_connection):
    region = Region.objects.create(
        code="x-here",
        provider="aws",
        name="Here",
        city="Hereford",
        country="GB",
        latitude=52.0,
        longitude=-2.7,
    )
    make_connection("wanted", provider="aws", region=region)
    make_connection("elsewhere", provider="aws")
    make_connection("other", provider="azure", region=region)
    page = client.get("/?q=WANT&provider=aws&region=x-here&state=unknown&sort=-name")
    assert names(page) == ["wanted"]
    assert "1 of 3" in page.text
    chips = dict(re.findall(r'<a href="(\?[^"]*)"[^>]*aria-label="Remove ([^"]*)"', page.text))
    assert {unescape(link): text for link, text in chips.items()} == {
        "?state=unknown&provider=aws&region=x-here&sort=-name": "“WANT”",
        "?q=WANT&provider=aws&region=x-here&sort=-name": "No data",
        "?q=WANT&state=unknown&region=x-here&sort=-name": "AWS",
        "?q=WANT&state=unknown&provider=aws&sort=-name": "Hereford (x-here)",
    }


def test_what_the_map_shows_stays_in_the_address_and_filters_no_list(client, fleet):
    page = client.get("/?sort=name&map-state=slow&map-provider=aws&nonsense=1", headers=LIVE)
    assert len(names(page)) == 5
    assert page["HX-Push-Url"] == "/?sort=name&map-provider=aws&map-state=slow"
    assert "map-state=" not in page.text


def test_the_dashboard_begins_with_the_worst_and_the_list_with_the_first_name(client, fleet):
    assert names(client.get("/")) == ["charlie", "alpha", "bravo", "delta", "asleep"]
    assert names(client.get("/connections/")) == ["alpha", "asleep", "bravo", "charlie", "delta"]


@pytest.mark.parametrize("sort", ["latency", "connect"])
def test_what_was_not_measured_comes_last_either_way(client, fleet, sort):
    assert names(client.get(f"/?sort={sort}")) == ["delta", "alpha", "asleep", "bravo", "charlie"]
    assert names(client.get(f"/?sort=-{sort}")) == ["alpha", "delta", "asleep", "bravo", "charlie"]


def test_success_is_sorted_by_the_last_day_and_never_zero_when_nothing_was_measured(client, fleet):
    measure(fleet["delta"], 5, **REFUSED)
    assert names(client.get("/?sort=success")) == ["asleep", "charlie", "delta", "alpha", "bravo"]
    page = client.get("/?sort=-success")
    assert names(page) == ["alpha", "delta", "asleep", "charlie", "bravo"]
    assert ">50 %<" in cell(page, fleet["delta"], "c-success")
    assert ">0 %<" in cell(page, fleet["charlie"], "c-success")
    assert ">—<" in cell(page, fleet["bravo"], "c-success")


@pytest.mark.parametrize("sort", [*roster.NATURAL, *(f"-{name}" for name in roster.NATURAL)])
def test_every_heading_says_how_the_list_is_sorted_and_turns_it_round(client, fleet, sort):
    page = client.get(f"/connections/?sort={sort}")
    assert len(names(page)) == 5
    [(way, link)] = re.findall(r'aria-sort="(\w+)"[^>]*><a href="([^"]*)"', page.text)
    assert way == ("descending" if sort.startswith("-") else "ascending")
    assert link == (f"?sort={sort[1:]}" if sort.startswith("-") else f"?sort=-{sort}")


@pytest.mark.parametrize(
    "nonsense",
    [
        "sort=password_sealed",
        "sort=--name",
        "sort=-",
        "state=unhealthy%00x",
        "provider=x",
        "region=%27",
        "region=" + "x" * 5000,
    ],
)
@pytest.mark.parametrize("path", LISTS)
def test_an_address_that_asks_for_what_there_is_not_is_told_so(client, fleet, path, nonsense):
    page = client.get(f"{path}?{nonsense}")
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert f'href="{path}"' in page.text


@pytest.mark.parametrize("show", ["", "0", "-1", "x", "9" * 400, "٣", "1e3"])
def test_nonsense_about_the_length_is_no_reason_to_show_nothing(client, fleet, show):
    assert len(names(client.get("/", {"show": show}))) == 5


def test_a_search_for_anything_is_answered(client, fleet):
    for words in ("\0", "%", "_", "\\", "'; DROP TABLE x; --", "<b>", "😀" * 500, "x " * 300):
        assert client.get("/", {"q": words}).status_code == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_errors_are_text_in_rows_chips_and_feed(client, make_connection, name):
    target = make_connection(name[:63])
    measure(target, **{**REFUSED, "error_code": name[:40], "hint": name, "message": name})
    for page in (client.get("/"), client.get("/connections/", {"q": name})):
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "14 100" not in page.text
        assert names(page) == [name]


def test_a_page_shows_fifty_and_counts_all(client, make_connection):
    for number in range(120):
        make_connection(f"db {number:03}", password="")
    page = client.get("/connections/?sort=name")
    assert names(page) == [f"db {number:03}" for number in range(50)]
    assert ">120<" in page.text
    assert "50 of 120 shown" in page.text
    links = {
        text: unescape(link) for link, text in re.findall(r'<a href="([^"]*)"[^>]*>(Show[^<]*)<', page.text)
    }
    assert links == {"Show 50 more": "?sort=name&show=100", "Show all 120": "?sort=name&show=120"}
    assert len(names(client.get(f"/connections/{links['Show 50 more']}"))) == 100
    assert len(names(client.get(f"/connections/{links['Show all 120']}"))) == 120


@pytest.mark.parametrize(
    "path", ["/", "/?sort=success", "/?state=down&sort=-latency", "/connections/?q=db&show=100"]
)
def test_sixty_connections_cost_as_many_statements_as_ten(client, make_connection, path):
    def statements():
        with CaptureQueriesContext(database) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    def more(numbers):
        for number in numbers:
            target = make_connection(f"db {number}", password="")
            measure(target, **(REFUSED if number % 2 else {}))

    more(range(10))
    statements()
    few = statements()
    more(range(10, 60))
    assert statements() == few


def test_a_link_changes_the_address_and_the_fields_but_what_is_typed_is_left_alone(client, fleet):
    by_link = client.get("/?state=down&q=&sort=", headers=LIVE)
    assert by_link["HX-Push-Url"] == "/?state=down"
    assert 'id="filters"' in by_link.text
    assert 'hx-swap-oob="true"' in by_link.text
    typed = client.get("/?q=al", headers={**LIVE, "HX-Trigger": "search"})
    assert typed["HX-Push-Url"] == "/?q=al"
    assert 'id="filters"' not in typed.text
    again = client.get("/?state=down", headers={**LIVE, "X-Resync": "/?state=down"})
    assert "HX-Push-Url" not in again
    assert 'id="filters"' not in again.text
    assert names(again) == ["charlie"]


def test_only_a_list_that_depends_on_states_follows_them(client, fleet):
    for address, follows in (("/", True), ("/?sort=name", False), ("/?sort=name&state=slow", True)):
        assert ("data-follows-states" in client.get(address).text) == follows


def test_what_our_own_side_broke_is_never_shown_as_bad(client, make_connection):
    lost, late, busy = (make_connection(name) for name in ("lost", "late", "busy"))
    measure(lost, **OURS)
    measure(late, ok=False, error_code="tcp_timeout", error_phase="tcp", strained=True)
    measure(busy, query_ms=900.0, strained=True)
    page = client.get("/")
    for target in (lost, late, busy):
        assert "No data" in cell(page, target, "c-state")
        assert "lat-slow" not in row(page, target)
        assert 'class="cause"' not in row(page, target)
    feed = page.text[page.text.index('id="feed"') :]
    assert "worker_lost" in feed
    assert "lat-slow" not in feed
    assert ">—<" in cell(page, lost, "c-success")


def test_a_connection_that_is_down_says_since_when(client, make_connection):
    target = make_connection("target")
    for minutes in (50, 40):
        measure(target, minutes)
    for minutes in (31, 20, 10):
        measure(target, minutes, **REFUSED)
    assert ">31 min</time>" in cell(client.get("/"), target, "c-state")
    assert "for <time" in client.get(f"/connections/{target.pk}/").text


def test_a_row_has_what_walking_and_choosing_by_key_need(client, fleet):
    text = row(client.get("/"), fleet["delta"])
    pk = fleet["delta"].pk
    assert f'href="/connections/{pk}/"' in text
    assert f'value="{pk}" form="bulk" data-select' in text
    assert f'id="test-{pk}"' in text


@pytest.mark.parametrize("path", LISTS)
def test_no_connection_at_all_says_what_to_do(client, path):
    assert "Add the first PostgreSQL database" in client.get(path).text


def test_pages_are_sent_compressed(client, fleet):
    answer = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]


def test_style_sheets_are_sent_compressed(client):
    answer = client.get("/static/meridian/app.css", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    answer.close()
