"""The History page: filters in its address, pages both ways, links to everything, and sentences for nonsense."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from connections.models import Region
from probes import live
from probes.history import success_shares
from probes.history.windows import NAMED
from probes.models import Kind, Vantage
from tests.rigs.results import REFUSED, add, result

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LIVE = {"HX-Request": "true", "HX-Target": "live"}


def links(text, words):
    """Where links lead whose text or label holds the words."""
    found = re.findall(r"<a ([^>]*)>(.*?)</a>", text, re.DOTALL)
    return [
        unescape(re.search(r'href="([^"]*)"', attributes)[1])
        for attributes, inside in found
        if words in f"{attributes} {inside}"
    ]


def test_the_page_lists_checks_of_every_kind_with_links_to_their_details(client, make_connection):
    target = make_connection("orders")
    now = timezone.now()
    add(*(result(target.pk, now - n * MINUTE, kind=kind) for n, kind in enumerate(Kind.values)))
    page = client.get("/history/")
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert page.text.count("/results/") == 4
    assert all(label in page.text for label in Kind.labels)
    assert 'aria-current="page"' in page.text


def test_an_empty_history_says_so(client, db):
    assert "No check in the last 24 h." in client.get("/history/").text


def test_filters_are_chips_whose_cross_leads_to_the_page_without_them(client, make_connection):
    target = make_connection("orders")
    add(result(target.pk, timezone.now(), **REFUSED))
    page = client.get(f"/history/?connection={target.pk}&outcome=failed&kind=&window=7d")
    assert f"?connection={target.pk}&window=7d" in links(page.text, "Remove outcome")
    assert "?outcome=failed&window=7d" in links(page.text, "Remove orders")


def test_a_range_is_in_the_fields_and_a_chip_whose_cross_leads_to_the_last_day(client, make_connection):
    target = make_connection()
    for asked in (
        "from=2025-05-01&to=2025-05-02T10:30:20",
        "window=1h&from=2025-05-01T02:00%2B02:00&to=2025-05-02T10:30:20",
    ):
        page = client.get(f"/history/?connection={target.pk}&{asked}", headers=LIVE)
        [without] = links(page.text, "Remove time: from 2025-05-01 00:00 to 2025-05-02 10:30 UTC")
        assert without == f"?connection={target.pk}"
        assert "window=range" in page["HX-Push-Url"]
        whole = client.get(f"/history/{page['HX-Push-Url']}").text
        assert '<option value="range" selected>Range</option>' in whole
        assert '<option value="24h">' in whole
        assert 'name="from" value="2025-05-01T00:00"' in whole
        assert 'name="to" value="2025-05-02T10:30:20"' in whole
        [source] = re.findall(r'data-src="([^"]*)"', whole)
        assert client.get(unescape(source)).json()["from"] == 1_746_057_600
    backwards = client.get("/history/?from=2025-05-02&to=2025-05-01")
    assert backwards.status_code == 422
    assert 'name="from" value="2025-05-02T00:00"' in backwards.text


def test_a_connection_is_added_by_its_name_whatever_its_capitals(client, make_connection):
    one, two = make_connection("one"), make_connection("Two")
    page = client.get(f"/history/?connection={one.pk}&name=TWO&region=", headers=LIVE)
    assert page["HX-Push-Url"] == f"?connection={one.pk}&connection={two.pk}"
    assert f'name="connection" value="{two.pk}"' in page.text
    assert f"connection={one.pk}&amp;connection={two.pk}" in page.text


def test_pages_lead_to_older_checks_and_back(client, make_connection):
    target = make_connection()
    now = timezone.now()
    add(*(result(target.pk, now - n * MINUTE) for n in range(120)))
    first = client.get("/history/")
    [older] = links(first.text, "Older")
    assert not links(first.text, "Newer")
    second = client.get(f"/history/{older}")
    [newer] = links(second.text, "Newer")
    assert second.text.count("/results/") == 50
    shown = set(re.findall(r"/runs/[^\"]*/results/[^\"]*", first.text))
    assert not shown & set(re.findall(r"/runs/[^\"]*/results/[^\"]*", second.text))
    assert set(re.findall(r"/runs/[^\"]*/results/[^\"]*", client.get(f"/history/{newer}").text)) == shown
    [last] = links(second.text, "Older")
    assert client.get(f"/history/{last}").text.count("/results/") == 20


def test_only_the_newest_page_listens_for_more(client, make_connection):
    target = make_connection()
    add(*(result(target.pk, timezone.now() - n * MINUTE) for n in range(60)))
    first = client.get("/history/")
    assert 'data-live="/ws/fleet/"' in first.text
    [older] = links(first.text, "Older")
    assert 'data-live=""' in client.get(f"/history/{older}").text
    assert 'data-live=""' in client.get("/history/?from=2025-01-01&to=2025-01-02").text


def test_a_page_that_fetches_itself_again_does_not_fill_the_browsers_past(client, db):
    assert client.get("/history/?kind=load", headers=LIVE)["HX-Push-Url"] == "?kind=load"
    again = client.get("/history/?kind=load", headers=LIVE | {"X-Resync": "/history/?kind=load"})
    assert "HX-Push-Url" not in again
    assert again.text.startswith("<main")


@pytest.mark.parametrize(
    "query",
    [
        "window=2h",
        "from=0001-01-01&to=0001-12-31",
        "from=2030-01-01",
        "from=2025-01-02&to=2025-01-01",
        "from=1800-01-01",
        "kind=nonsense",
        "region=atlantis",
        "connection=x",
        "name=nobody",
        "name=%00",
        "before=rubbish",
        "after=rubbish",
        "before=a&after=b",
        "error=%27;--",
    ],
)
@pytest.mark.parametrize("headers", [{}, LIVE])
def test_nonsense_is_answered_with_a_sentence(client, db, query, headers):
    page = client.get(f"/history/?{query}", headers=headers)
    if query == "name=%00":
        assert page.status_code == 200
        return
    assert page.status_code == 422
    assert 'role="alert"' in page.text


def test_names_are_text_and_not_markup(client, make_connection):
    target = make_connection("<script>alert(1)</script>")
    add(result(target.pk, timezone.now()))
    page = client.get(f"/history/?connection={target.pk}")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_the_chart_shows_the_connections_asked_for_and_at_most_eight(client, make_connection):
    targets = [make_connection(f"target {number}") for number in range(10)]
    assert "Choose up to eight" in client.get("/history/").text
    ireland = Region.objects.create(
        code="aws-eu-west-1", name="Ireland", city="Dublin", country="IE", latitude=53, longitude=-6
    )
    targets[0].region = ireland
    targets[0].save()
    of_region = client.get("/history/?region=aws-eu-west-1").text
    assert f"connection={targets[0].pk}" in of_region
    every = "&".join(f"connection={one.pk}" for one in targets)
    [source] = re.findall(r'data-src="([^"]*)"', client.get(f"/history/?{every}&chart=cache").text)
    assert source.startswith("/history/series/?chart=cache&amp;")
    assert source.count("connection=") == 8


def test_the_chosen_chart_stays_from_page_to_page_and_with_other_filters(client, make_connection):
    target = make_connection()
    add(*(result(target.pk, timezone.now() - n * MINUTE) for n in range(60)))
    page = client.get(f"/history/?connection={target.pk}&chart=phases&kind=connection")
    assert '<input type="hidden" name="chart" value="phases" form="history-filters">' in page.text
    for words in ("Older", "Remove kind"):
        [address] = links(page.text, words)
        assert "chart=phases" in address
        assert "chart=phases" in re.search(r'data-src="([^"]*)"', client.get(f"/history/{address}").text)[1]
    [other] = links(page.text, "Cache hits")
    assert other == f"?connection={target.pk}&chart=cache&kind=connection"


def test_a_chart_of_any_vantage_looks_from_one_that_has_data(client, make_connection):
    target = make_connection()
    now = timezone.now()
    add(
        result(target.pk, now - MINUTE, vantage="tokyo"),
        result(target.pk, now - 2 * MINUTE, vantage="tokyo"),
        result(target.pk, now - MINUTE, vantage="sydney"),
        result(target.pk, now - timedelta(days=5)),
    )
    for window, vantage in (("1h", "tokyo"), ("24h", "tokyo"), ("7d", "home")):
        for page in (f"/history/?connection={target.pk}&", f"/connections/{target.pk}/?"):
            text = client.get(f"{page}window={window}").text
            assert f'<span class="muted">from {vantage}</span></figcaption>' in text
            sources = [unescape(source) for source in re.findall(r'data-src="([^"]*/series/[^"]*)"', text)]
            assert sources
            assert all(f"vantage={vantage}" in source for source in sources)
    assert "from sydney</span>" in client.get(f"/history/?connection={target.pk}&vantage=sydney").text


def test_the_export_is_of_what_the_page_shows(client, make_connection):
    target = make_connection()
    page = client.get(f"/history/?connection={target.pk}&outcome=failed&chart=cache&window=7d")
    assert f"/history/export/?format=csv&connection={target.pk}&outcome=failed&window=7d" in links(
        page.text, "CSV"
    )


def test_the_page_asks_a_few_questions_however_many_checks_it_shows(
    client, make_connection, django_assert_max_num_queries
):
    for number in range(5):
        target = make_connection(f"target {number}")
        add(*(result(target.pk, timezone.now() - n * MINUTE) for n in range(20)))
    with django_assert_max_num_queries(20):
        assert client.get("/history/").status_code == 200


def test_a_connections_page_shows_its_charts_for_every_window(client, make_connection):
    target = make_connection()
    page = client.get(f"/connections/{target.pk}/?window=7d").text
    sources = [unescape(source) for source in re.findall(r'data-src="([^"]*)"', page)]
    ours = [source for source in sources if "/series/" in source or "/strip/" in source]
    assert len(ours) == 6
    for source in ours:
        assert "window=7d" in source
        assert client.get(source).status_code == 200
    assert {link for link in links(page, "") if link.startswith("?window=")} == {
        f"?window={name}" for name in NAMED
    }
    assert "hx-preserve" in page


def test_a_connections_page_offers_the_vantages_when_there_are_several(client, make_connection):
    target = make_connection()
    Vantage.objects.get_or_create(code="home")
    assert "Tested from" not in client.get(f"/connections/{target.pk}/").text
    Vantage.objects.create(code="tokyo")
    [address] = links(client.get(f"/connections/{target.pk}/?window=7d").text, "tokyo")
    assert address == "?window=7d&vantage=tokyo"
    page = client.get(f"/connections/{target.pk}/{address}").text
    assert "?window=1h&vantage=tokyo" in links(page, "1 h")
    assert f"/history/?window=7d&vantage=tokyo&connection={target.pk}" in links(page, "All checks")
    sources = re.findall(r'data-src="([^"]*/(?:series|strip)/[^"]*)"', page)
    assert len(sources) == 6
    assert all("vantage=tokyo" in source for source in sources)


@pytest.mark.parametrize("query", ["window=2h", "vantage=a%20b", "vantage=%00", "window=range"])
def test_a_connections_page_opens_also_when_its_charts_are_refused(client, make_connection, query):
    page = client.get(f"/connections/{make_connection().pk}/?{query}")
    assert page.status_code == 200
    source = unescape(re.search(r'data-src="([^"]*/series/[^"]*)"', page.text)[1])
    assert client.get(source).status_code == 422


def test_a_deleted_connection_stays_as_a_chip_to_remove(client, db):
    page = client.get("/history/?connection=424242")
    assert page.status_code == 200
    assert "deleted connection 424242" in page.text


def test_the_page_works_while_the_broker_is_away(client, make_connection, monkeypatch):
    monkeypatch.setattr(live, "seq", lambda group: -1)
    assert client.get("/history/").status_code == 200
    assert success_shares([], timezone.now()) == {}
