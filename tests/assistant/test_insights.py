"""Insights: the facts as a report for people, without a model, at the same cost for many connections."""

import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from assistant.briefing import brief
from assistant.evidence.fleet import Fleet
from assistant.evidence.report import Section
from assistant.privacy import PERSON
from connections.models import Connection
from probes import switches
from probes.history import Refused
from probes.models import Run
from tests.rigs.known_history import Known
from tests.rigs.places import measured

HTMX = {"HX-Request": "true"}


def test_the_fleet_report_tells_what_needs_attention_with_links(client, known: Known):
    html = client.get(reverse("insights"), headers=HTMX).content.decode()
    assert "<html" not in html
    text = re.sub(r"<[^>]+>", "", html)
    assert re.search(r"dublin-1 \(Dublin, test-dublin\) is down: tcp_refused", text)
    assert re.search(r"tokyo-1 \(Tokyo, test-tokyo\) is 35.2 % slower since about", text)
    assert "Why is dublin-1 down, and since when?" in text
    assert f'action="{reverse("assistant-begin")}"' in html
    run = known.runs["dublin-1"]
    assert reverse("result-detail", args=[run, known.of["dublin-1"].pk, "home"]) in html


def test_its_questions_name_nothing_that_the_model_may_not_be_told(client, known: Known):
    dublin = known.of["dublin-1"]
    Connection.objects.filter(pk=dublin.pk).update(name=dublin.host)
    for url in (reverse("insights"), reverse("connection-insights", args=[dublin.pk])):
        html = client.get(url, headers=HTMX).content.decode()
        questions = re.findall(r'name="text" value="([^"]*)"', html)
        assert any(f"connection {dublin.pk}" in one for one in questions)
        assert not any(dublin.host in one for one in questions)


def test_the_report_of_a_connection_tells_of_nothing_else(client, known: Known):
    html = client.get(
        reverse("connection-insights", args=[known.of["frankfurt-1"].pk]), headers=HTMX
    ).content.decode()
    assert "Run VACUUM FREEZE" in html
    assert "tokyo-1" not in html


def test_it_is_a_page_of_its_own_as_well(client, known: Known):
    for url in (reverse("insights"), reverse("connection-insights", args=[known.of["tokyo-1"].pk])):
        html = client.get(url).content.decode()
        assert "<html" in html
        assert "231.4 ms" in html


def test_every_link_of_the_report_leads_to_a_page(client, known: Known):
    html = client.get(reverse("insights"), headers=HTMX).content.decode()
    links = set(re.findall(r'href="([^"]+)"', html))
    assert len(links) > 10
    for link in links:
        resolve(link.partition("?")[0])
    for link in [one for one in links if "/runs/" not in one and "/assistant/" not in one][:6]:
        assert client.get(link.replace("&amp;", "&")).status_code == 200


def test_pages_offer_it_and_read_nothing_until_it_is_opened(client, known: Known):
    tokyo = known.of["tokyo-1"].pk
    for page, where in (
        (reverse("dashboard"), reverse("insights")),
        (reverse("connection-detail", args=[tokyo]), reverse("connection-insights", args=[tokyo])),
    ):
        html = client.get(page).content.decode()
        assert f'hx-get="{where}" hx-trigger="toggle once"' in html
        assert "slower since" not in html


def test_a_deleted_connection_has_none(client, known: Known):
    assert client.get(reverse("connection-insights", args=[10**9])).status_code == 404


def test_strangers_have_to_sign_in(stranger, db):
    assert stranger.get(reverse("insights")).status_code == 302


def test_questions_are_offered_only_while_the_assistant_is_switched_on(client, known: Known, monkeypatch):
    monkeypatch.setattr(switches, "is_on", lambda key, **_: key != switches.CHATBOT)
    html = client.get(reverse("insights"), headers=HTMX).content.decode()
    assert "Ask the assistant" not in html


@pytest.mark.parametrize("page", ["fleet", "dublin-1", "paris-1"])
def test_no_sentence_ends_twice(client, known: Known, page: str):
    urls = {name: reverse("connection-insights", args=[one.pk]) for name, one in known.of.items()}
    html = client.get(urls.get(page, reverse("insights")), headers=HTMX).content.decode()
    assert ".." not in re.sub(r"<[^>]+>", "", html)


def test_a_server_without_the_chat_offers_no_questions(client, known: Known, settings):
    settings.CHAT_ENABLED = False
    html = client.get(reverse("insights"), headers=HTMX).content.decode()
    assert "Ask the assistant" not in html


def test_a_history_that_takes_too_long_is_said(client, known: Known, monkeypatch):
    monkeypatch.setattr("assistant.insights.of_fleet", too_long)
    html = client.get(reverse("insights"), headers=HTMX).content.decode()
    assert "takes longer than" in html


@pytest.fixture
def _many(known: Known) -> None:
    model = known.of["tokyo-1"]
    rows = [
        Connection(name=f"copy {number}", host=model.host, database="x", username="x", region=model.region)
        for number in range(60)
    ]
    for one in Connection.objects.bulk_create(rows):
        measured(one, query_ms=300.0)


def too_long(fleet: Fleet) -> list[Section]:
    raise Refused("This takes longer than 5 s to read.")


def queries() -> int:
    with CaptureQueriesContext(database) as captured:
        brief("What is slow?", reader=PERSON, budget=50_000)
    return len(captured)


def test_it_costs_as_many_queries_for_many_connections(known: Known, request):
    few = queries()
    request.getfixturevalue("_many")
    assert queries() <= few
    assert few < 30


def test_reading_leaves_nothing_behind(client, known: Known):
    before = Run.objects.count()
    client.get(reverse("insights"))
    assert Run.objects.count() == before
    Connection.objects.filter(pk=known.of["tokyo-1"].pk).update(active=False)
