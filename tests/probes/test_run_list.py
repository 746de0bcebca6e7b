"""The list of runs: chosen by its address, a page at a time, as many as there were."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from probes.logbook import PAGE
from probes.models import Job, Run

pytestmark = pytest.mark.django_db
LIVE = {"HX-Request": "true", "HX-Target": "live"}
MINUTE = timedelta(minutes=1)


def asked(minutes=0, *connections, kind="connection", **fields) -> Run:
    at = timezone.now() - minutes * MINUTE
    given = {"source": "page", "total": 1, "created_at": at, **fields}
    run = Run.objects.create(kind=kind, **given)
    Job.objects.create(run=run, vantage="home", connection_ids=[one.pk for one in connections])
    return run


def listed(page) -> list[str]:
    return re.findall(r'scope="row"><a href="/runs/([0-9a-f-]{36})/"', page.text)


def link(page, words: str) -> str:
    [found] = re.findall(rf'<a [^>]*href="(\?[^"]*)"[^>]*>[^<]*{words}', page.text)
    return f"/runs/{unescape(found)}"


@pytest.mark.parametrize(
    "query", ["kind=load", "state=cancelled", "source=schedule", "kind=load&state=cancelled&source=schedule"]
)
def test_runs_are_chosen_by_kind_state_and_source(client, query):
    wanted = asked(5, kind="load", state="cancelled", source="schedule")
    asked()
    assert len(listed(client.get("/runs/"))) == 2
    assert listed(client.get(f"/runs/?{query}")) == [str(wanted.pk)]


def test_runs_are_chosen_by_the_connection_that_they_tested_by_number_or_name(client, make_connection):
    orders, other = make_connection("orders"), make_connection("other")
    Run.objects.all().delete()
    both, one = asked(2, orders, other), asked(1, orders)
    Job.objects.create(run=one, vantage="tokyo", connection_ids=[orders.pk])
    asked(0, other)
    wanted = [str(one.pk), str(both.pk)]
    assert listed(client.get(f"/runs/?connection={orders.pk}")) == wanted
    answer = client.get("/runs/?name=ORDERS&kind=", headers=LIVE)
    assert listed(answer) == wanted
    assert answer["HX-Push-Url"] == f"/runs/?connection={orders.pk}"
    assert f'href="/runs/?connection={orders.pk}"' in client.get(f"/connections/{orders.pk}/").text


def test_every_filter_is_a_chip_that_takes_it_off(client, make_connection):
    target = make_connection("<b>orders</b>")
    page = client.get(f"/runs/?kind=load&source=api&connection={target.pk}")
    chips = dict(re.findall(r'<a href="(\?[^"]*)" aria-label="Remove ([^"]*)"', page.text))
    assert {unescape(link): unescape(text) for link, text in chips.items()} == {
        f"?source=api&connection={target.pk}": "kind: Load",
        f"?kind=load&connection={target.pk}": "source: API",
        "?kind=load&source=api": "connection: <b>orders</b>",
    }
    assert "<b>orders" not in page.text
    assert "No run matches." in page.text


def test_pages_lead_to_the_oldest_run_and_back_and_lose_none(client):
    at = timezone.now()
    # Several that were asked for at one moment lie across the edge of a page.
    expected = sorted(
        (asked(created_at=at - number // 4 * MINUTE, kind="load") for number in range(2 * PAGE + 7)),
        key=lambda run: (run.created_at, run.pk),
        reverse=True,
    )
    for _ in range(10):
        asked(30)
    pages = [client.get("/runs/?kind=load")]
    while "Older" in pages[-1].text:
        pages.append(client.get(link(pages[-1], "Older")))
    assert [pk for page in pages for pk in listed(page)] == [str(run.pk) for run in expected]
    assert len(pages) == 3
    back = client.get(link(pages[2], "Newer"))
    assert listed(back) == listed(pages[1])
    back = client.get(link(back, "Newer"))
    assert listed(back) == listed(pages[0])
    assert 'rel="prev"' not in back.text
    assert link(back, "Newest") == "/runs/?kind=load"


def test_only_the_newest_page_follows_what_happens(client):
    runs = [asked(number) for number in range(PAGE + 1)]
    assert 'data-live="/ws/fleet/"' in client.get("/runs/").text
    assert 'data-live=""' in client.get(f"/runs/?before={runs[-2].pk}").text


@pytest.mark.parametrize(
    "nonsense",
    [
        "kind=nonsense",
        "kind=%00x",
        "state=down",
        "source='",
        "connection=x",
        "connection=" + "9" * 5000,
        "connection=0",
        "name=nobody",
        "before=x",
        "before=00000000-0000-0000-0000-000000000000",
    ],
)
def test_an_address_that_asks_for_what_there_is_not_is_told_so(client, nonsense):
    asked()
    page = client.get(f"/runs/?{nonsense}")
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert listed(page) == []


def test_no_run_at_all_says_what_to_do(client):
    assert "Nothing has been tested yet." in client.get("/runs/").text


def test_a_page_costs_the_same_statements_however_many_runs_there_are(client):
    def statements():
        with CaptureQueriesContext(database) as captured:
            assert client.get("/runs/").status_code == 200
        return len(captured)

    asked()
    statements()
    few = statements()
    for number in range(PAGE):
        asked(number)
    assert statements() == few
