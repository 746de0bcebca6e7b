"""What the map's scripts are given: the places, what is measured between them, and nothing made up."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections.models import Region
from tests.rigs.places import dublin, home, measured, tokyo
from tests.rigs.results import GOOD, REFUSED


def asked(client: Client) -> dict:
    answer = client.get(reverse("map-places"))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return json.loads(answer.content)


def one_of(client: Client) -> dict:
    [found] = asked(client)["connections"]
    return found


def test_a_connection_is_told_with_its_place_its_latency_and_the_floor(client, make_connection):
    home(dublin())
    place = tokyo()
    target = make_connection("tokyo-1", region=place, provider="google")
    measured(target, query_ms=231.4)
    told = asked(client)
    [found] = told["connections"]
    assert told["places"][str(place.pk)] == {
        "code": "test-tokyo",
        "city": "Tokyo",
        "country": "JP",
        "latitude": 35.69,
        "longitude": 139.69,
    }
    assert found == {
        "id": target.pk,
        "name": "tokyo-1",
        "provider": "google",
        "place": place.pk,
        "state": "slow",
        "active": True,
        "made_up": "",
        "ms": 231.4,
        "grade": "lat-slow",
        "latency": "231.4 ms",
        "comparison": "2.5 \u00d7 the fibre floor",
        "distance": "9,586 km",
        "floor": "94.0 ms",
        "ratio": pytest.approx(2.46, abs=0.01),
    }
    assert told["providers"] == {"google": "Google Cloud"}
    assert [state["word"] for state in told["states"].values()] == ["Healthy", "Slow", "Down", "No data"]


def test_a_vantage_without_a_region_has_no_place_and_nothing_is_compared(client, make_connection):
    home()
    measured(make_connection(region=tokyo()), query_ms=84.2)
    told = asked(client)
    assert told["vantages"][0]["place"] is None
    [found] = told["connections"]
    assert (found["latency"], found["comparison"], found["distance"], found["ratio"]) == (
        "84.2 ms",
        "",
        "",
        None,
    )


def test_a_connection_without_a_region_has_no_place(client, make_connection):
    home(dublin())
    make_connection()
    assert one_of(client)["place"] is None


def test_a_simulated_distance_is_marked_and_has_neither_distance_nor_floor(client, make_connection):
    home(dublin())
    measured(make_connection(region=tokyo(), simulated_rtt_ms=80.0), query_ms=84.0, simulated=True)
    found = one_of(client)
    assert (found["made_up"], found["comparison"]) == ("simulated", "simulated")
    assert (found["distance"], found["floor"], found["ratio"]) == ("", "", None)


def test_no_floor_is_told_where_both_are_in_one_city(client, make_connection):
    home(dublin())
    measured(make_connection(region=Region.objects.get(code="test-dublin")), query_ms=1.0)
    found = one_of(client)
    assert (found["distance"], found["floor"], found["comparison"]) == ("< 50 km", "", "in the same city")


def test_a_failed_test_tells_its_cause_in_place_of_a_latency(client, make_connection):
    home(dublin())
    measured(make_connection(region=tokyo()), **{**dict.fromkeys(GOOD), **REFUSED})
    found = one_of(client)
    assert (found["state"], found["latency"], found["ms"], found["grade"]) == (
        "unhealthy",
        "tcp_refused",
        None,
        "lat-none",
    )


def test_only_connection_tests_from_the_home_vantage_count(client, make_connection):
    home(dublin())
    target = make_connection(region=tokyo())
    measured(target, kind="load", query_ms=1.0)
    measured(target, vantage="elsewhere", query_ms=2.0)
    assert one_of(client)["state"] == "unknown"
    assert one_of(client)["latency"] == "not tested yet"


def test_only_who_may_change_vantages_is_told_where(client, stranger):
    edit = reverse("admin:probes_vantage_change", args=[home().pk])
    assert asked(client)["vantages"][0]["edit"] == edit
    stranger.force_login(get_user_model().objects.create(username="eve", password="!"))
    assert asked(stranger)["vantages"][0]["edit"] is None


def test_the_map_is_for_people_who_are_signed_in(stranger):
    for name in ("map", "map-places"):
        assert stranger.get(reverse(name)).status_code == 302


def test_reading_it_is_all_that_one_can_do(client):
    assert client.post(reverse("map-places")).status_code == 405
    assert client.post(reverse("map")).status_code == 405


@pytest.mark.parametrize("name", ["map", "map-places"])
def test_the_statements_do_not_grow_with_connections(client, make_connection, name: str):
    def statements() -> int:
        with CaptureQueriesContext(
            database,
        ) as captured:
            client.get(reverse(name))
        return len(captured)

    here, there = dublin(), tokyo()
    home(here)
    measured(make_connection("first", region=there))
    few = statements()
    for number in range(30):
        measured(make_connection(f"more {number}", region=(here, there, None)[number % 3]))
    assert statements() == few <= 5
