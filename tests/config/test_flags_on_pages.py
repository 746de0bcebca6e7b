"""Pages show what flags say, are told of a change, and say what was left out."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse

from config import flags, launchdarkly
from connections.models import Region
from probes import broker, dispatch, history, live, switches
from probes.models import Kind, Run
from probes.telling.conclusions import conclusion
from tests.rigs.flags import answered_by, holding
from tests.rigs.pump import pump

pytestmark = pytest.mark.django_db(transaction=True)

LONG = {"clients": 1, "seconds": 60}


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(launchdarkly, "FILE_SECONDS", 0.02)
    return tmp_path / "flags.json"


@pytest.fixture
def regions(db) -> dict[str, Region]:
    place = {"name": "Somewhere", "city": "Ashburn", "country": "US", "latitude": 39, "longitude": -77}
    return {code: Region.objects.create(code=code, **place) for code in ("aws-here", "aws-there")}


def forget_saving() -> None:
    Run.objects.all().delete()
    broker.client().flushall()


def test_what_was_asked_of_all_is_not_asked_again_while_that_is_switched_off(client, path, make_connection):
    make_connection("orders", port=1)
    forget_saving()
    client.post(reverse("probe-all"))
    run = Run.objects.get()
    pump()
    with holding(path, {switches.TEST_ALL_REGIONS: False}):
        assert "disabled title=" in client.get(f"/runs/{run.pk}/").text
        answer = client.post(reverse("run-again", args=[run.pk]), headers={"HX-Request": "true"})
    assert switches.reason(switches.TEST_ALL_REGIONS) in answer.headers["HX-Trigger"]
    assert Run.objects.get() == run
    client.post(reverse("run-again", args=[run.pk]))
    assert Run.objects.exclude(pk=run.pk).get().everything


def test_the_page_shows_each_flag_with_its_value_source_reason_and_entrances(
    client, path, make_connection, regions
):
    make_connection("orders", region=regions["aws-here"])
    told = {switches.HEALTH_CHECKS: False, switches.REFRESH_SECONDS: "<b>often</b>"}
    with holding(path, told):
        shown = client.get(reverse("flags")).text
    for key in flags.FLAGS:
        assert key == flags.REGION_KEY or f'id="flag-{key}"' in shown
    assert 'id="flag-region-aws-here-enabled"' in shown
    assert "region-aws-there-enabled" not in shown
    assert "FLAGS_FILE" in shown
    assert "The source does not have this flag" in shown
    assert "The flag holds text where a whole number belongs" in shown
    assert "<b>often</b>" not in shown
    for entrance in flags.Entrance:
        assert f'<span class="tag">{entrance.value}</span>' in shown


def test_the_page_says_what_is_in_doubt(client, path, capfd):
    with answered_by(launchdarkly.from_file(path)):
        shown = client.get(reverse("flags")).text
    assert "The file of FLAGS_FILE is not there" in shown


def test_without_a_source_the_page_says_how_to_have_one(client):
    shown = client.get(reverse("flags")).text
    assert "LAUNCHDARKLY_SDK_KEY" in shown
    assert "No source of flags is configured" in shown


def test_every_open_page_is_told_when_a_flag_changes(path):
    """Also one whose group had no event yet."""
    ears = broker.client().pubsub(ignore_subscribe_messages=True)
    channels = {live.channel(group).encode() for group in (live.FLEET, live.connection_group(7))}
    ears.subscribe(*[channel.decode() for channel in channels])
    while ears.get_message(timeout=0.2):
        pass
    with holding(path, {switches.HEALTH_CHECKS: True}):
        flags.watch()
        heard_of(ears, channels)
        path.write_text(json.dumps({"flagValues": {switches.HEALTH_CHECKS: False}}))
        heard_of(ears, channels)
    ears.close()


def heard_of(ears, channels: set[bytes]) -> None:
    """Waits until each of the channels had a request to fetch the page anew."""
    waiting, until = set(channels), time.monotonic() + 20
    while waiting and time.monotonic() < until:
        message = ears.get_message(timeout=1)
        if message and b'"resync":true' in message["data"]:
            waiting.discard(message["channel"])
    assert not waiting


def test_of_several_only_those_whose_region_is_on_are_tested_and_the_page_says_so(
    client, path, make_connection, regions
):
    here, there = (make_connection(code, region=region) for code, region in regions.items())
    forget_saving()
    with holding(path, {switches.of_region("aws-there"): False}):
        answer = client.post(
            reverse("probe-selected"), {"connection": [here.pk, there.pk]}, headers={"HX-Request": "true"}
        )
    assert "but for 1 whose region is switched off" in answer.headers["HX-Trigger"]
    [job] = Run.objects.get().jobs.all()
    assert job.connection_ids == [here.pk]


def test_a_connection_of_a_region_that_is_off_can_still_be_saved_and_is_not_tested(
    path, make_connection, regions
):
    with holding(path, {switches.of_region("aws-there"): False}):
        saved = make_connection("orders", region=regions["aws-there"])
    assert saved.pk
    assert not Run.objects.exists()


def test_a_form_of_a_region_that_is_off_is_not_tried(client, path, regions):
    typed = {
        "name": "orders",
        "host": "127.0.0.1",
        "port": "1",
        "database": "d",
        "username": "u",
        "sslmode": "require",
        "connect_timeout": "5",
        "provider": "other",
        "region": "aws-there",
    }
    with holding(path, {switches.of_region("aws-there"): False}):
        answer = client.post(reverse("connection-try"), typed)
    assert answer.status_code == 422
    assert "Tests of the region aws-there are switched off" in answer.text


def test_no_options_are_asked_for_a_load_test_that_is_off(client, path, make_connection):
    connection = make_connection()
    with holding(path, {switches.LOAD_TESTING: False}):
        answer = client.get(reverse("load-one", args=[connection.pk]), headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert switches.reason(switches.LOAD_TESTING) in answer.headers["HX-Trigger"]


def test_a_load_test_that_is_under_way_stops_when_its_flag_goes_off(path, make_connection, user):
    connection = make_connection()
    forget_saving()
    with holding(path, {switches.LOAD_TESTING: True}):
        run = dispatch.request_run(
            kind=Kind.LOAD, connections=[connection], source=Run.Source.PAGE, user=user, params=LONG
        )
        turning = threading.Thread(target=turn_off, args=[path])
        turning.start()
        pump()
        turning.join()
    [result] = history.of_run(run)
    assert result.detail["stopped"] == "switched_off"
    assert result.samples
    assert "a flag switched load tests off" in conclusion(result)


def turn_off(path: Path) -> None:
    """As soon as the worker holds the database: then it has asked for the first time."""
    wait_until(lambda: any(broker.client().scan_iter("meridian:load:*")))
    path.write_text(json.dumps({"flagValues": {switches.LOAD_TESTING: False}}))


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
