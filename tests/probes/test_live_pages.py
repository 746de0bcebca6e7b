"""What is published reaches every open socket of its group, numbered without a gap."""

import asyncio
import json
import time
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from probes import broker, consumers, live, reaper, vantages
from tests.rigs import servers
from tests.rigs.pages import open_page
from tests.rigs.pump import pump

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_page_learns_the_number_of_the_last_event_when_it_joins(client):
    await sync_to_async(live.resync)(live.FLEET)
    async with open_page(client) as socket:
        assert await socket.frame() == {"kind": "hello", "seq": 1}


async def test_two_pages_receive_the_same_events_in_order(client):
    async with open_page(client) as first, open_page(client) as second:
        assert (await first.frame())["kind"] == (await second.frame())["kind"] == "hello"
        await sync_to_async(live.push)(live.FLEET, '<p id="a">“quoted” </p>')
        await sync_to_async(live.resync)(live.FLEET)
        for socket in (first, second):
            assert await socket.frame() == {"kind": "event", "seq": 1, "html": '<p id="a">“quoted” </p>'}
            assert await socket.frame() == {"kind": "event", "seq": 2, "resync": True}


async def test_an_event_reaches_only_its_group(client):
    async with open_page(client, "/ws/connections/7/") as socket:
        await socket.frame()
        await sync_to_async(live.push)(live.connection_group(8), "<p>other</p>")
        await sync_to_async(live.push)(live.connection_group(7), "<p>this</p>")
        assert (await socket.frame())["html"] == "<p>this</p>"


async def test_a_pulse_tells_what_was_missed(client, monkeypatch):
    monkeypatch.setattr("probes.pulse.SECONDS", 0.2)
    async with open_page(client) as socket:
        await socket.frame()
        await sync_to_async(broker.client().set)(live.seq_key(live.FLEET), 41)
        assert await socket.frame() == {"kind": "pulse", "seq": 41}


@pytest.mark.parametrize("leaves", ["signs out", "is barred"])
async def test_a_page_of_somebody_who_leaves_is_closed(client, user, monkeypatch, leaves):
    monkeypatch.setattr("probes.pulse.SECONDS", 0.1)
    async with open_page(client) as socket:
        await socket.frame()
        if leaves == "signs out":
            await sync_to_async(client.logout)()
        else:
            user.is_active = False
            await user.asave()
        while (message := await socket.message())["type"] != "websocket.close":
            pass
        assert message["code"] == 4401


def test_an_open_page_of_what_was_deleted_says_so_and_stops_listening(client):
    snapshot = {"HX-Request": "true", "HX-Target": "live"}
    for path in ("/connections/999/", "/runs/00000000-0000-7000-8000-000000000000/"):
        assert client.get(path).status_code == 404
        part = client.get(path, headers=snapshot)
        assert part.status_code == 200
        assert "was deleted" in part.text
        assert 'data-live=""' in part.text


def test_results_that_could_not_be_announced_make_open_pages_fetch_themselves(make_connection, monkeypatch):
    make_connection()
    pump(["probes.home"])
    number = live.seq(live.FLEET)

    def gone(*args):
        raise OperationalError("the database went away")

    monkeypatch.setattr("probes.fragments.live.watched", set)
    monkeypatch.setattr("probes.fragments.board.rows_of", gone)
    with pytest.raises(OperationalError):
        pump()
    assert live.seq(live.FLEET) > number


async def test_a_page_that_cannot_keep_up_is_told_to_fetch_itself_again():
    consumer = consumers.LiveConsumer()
    consumer.waiting = asyncio.Queue(consumers.MOST_WAITING)
    for number in range(consumers.MOST_WAITING + 1):
        consumer.offer(str(number))
    assert consumer.waiting.qsize() == 1
    assert json.loads(consumer.waiting.get_nowait())["seq"] == -1


def test_publishing_without_a_broker_loses_the_event_and_nothing_else(db):
    servers.valkey.kill()
    try:
        live.push(live.FLEET, "<p></p>")
        assert live.seq(live.FLEET) == -1
    finally:
        servers.valkey.start()


def test_pages_catch_up_with_what_happened_while_the_broker_was_away(db):
    groups = [live.FLEET, live.run_group(uuid4()), live.connection_group(7)]
    live.resync(*groups)
    reaper.reap()
    servers.valkey.kill()
    try:
        live.resync(*groups)
    finally:
        servers.valkey.start()
    shown = [live.seq(group) for group in groups]
    reaper.reap()
    caught_up = [live.seq(group) for group in groups]
    assert all(now > then for now, then in zip(caught_up, shown, strict=True))
    reaper.reap()
    assert [live.seq(group) for group in groups] == caught_up


async def test_a_result_changes_the_row_on_the_list_the_run_and_the_connection(client, make_connection):
    connection = await sync_to_async(make_connection)("<b>bold</b>")
    await sync_to_async(broker.client().delete)("probes.home")
    async with (
        open_page(client) as fleet,
        open_page(client, f"/ws/connections/{connection.pk}/") as detail,
    ):
        await fleet.frame()
        await detail.frame()
        assert (await sync_to_async(client.post)(f"/connections/{connection.pk}/test/")).status_code == 302
        begun = await fleet.frame()
        assert f'id="connection-row-{connection.pk}"' in begun["html"]
        await sync_to_async(pump)()
        found = await fleet.frame()
        assert f'id="connection-row-{connection.pk}"' in found["html"]
        assert "Healthy" in found["html"]
        assert "&lt;b&gt;bold&lt;/b&gt;" in found["html"]
        assert "<b>bold</b>" not in found["html"]
        assert f'id="connection-head-{connection.pk}"' in (await detail.frame())["html"]


async def test_a_result_carries_what_it_changes_on_the_map(client, make_connection):
    await sync_to_async(make_connection)()
    async with open_page(client) as fleet:
        await fleet.frame()
        await sync_to_async(pump)()
        while "spots" not in (frame := await fleet.frame()):
            pass
        drawn = (await sync_to_async(client.get)("/map/places/")).json()["connections"]
    assert frame["spots"] == drawn
    assert drawn[0]["state"] == "healthy"


def test_open_pages_fetch_themselves_when_a_part_goes_or_comes_back(db):
    reaper.reap()
    number = live.seq(live.FLEET)
    reaper.reap()
    assert live.seq(live.FLEET) == number
    takes = ["probes.home", "load.home", "record", "housekeeping", "assistant"]
    broker.client().hset(vantages.KEY, "worker", json.dumps({"at": time.time(), "takes": takes}))
    reaper.reap()
    assert live.seq(live.FLEET) == number + 1


def test_a_page_that_missed_events_gets_just_its_live_part(client, make_connection):
    make_connection("orders")
    part = client.get("/connections/?q=orders", headers={"HX-Request": "true", "HX-Target": "live"}).text
    assert part.lstrip().startswith("<main")
    assert "orders" in part
    assert "<html" not in part


@pytest.mark.parametrize("path", ["/", "/connections/", "/runs/"])
def test_a_list_takes_the_same_number_of_queries_for_any_number_of_rows(client, make_connection, path):
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    make_connection("first")
    pump()
    few = queries()
    for number in range(10):
        make_connection(f"another {number}")
    pump()
    assert queries() == few
