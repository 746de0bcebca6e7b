"""What the command palette is told: few connections, by the words that the list's search knows, in few queries."""

import pytest

from connections import deleting
from connections.catalogue import load_regions
from connections.models import Region

pytestmark = pytest.mark.django_db


def found(client, words: str) -> list[dict[str, str]]:
    return client.get("/palette/", {"q": words}).json()["connections"]


def test_a_stranger_is_told_nothing(stranger, make_connection):
    make_connection("orders")
    assert stranger.get("/palette/?q=orders").url.startswith("/login/")


def test_a_connection_is_found_with_where_it_leads_and_what_can_be_asked_of_it(client, make_connection):
    load_regions()
    region = Region.objects.get(code="aws-eu-west-1")
    pk = make_connection("orders", provider="aws", region=region).pk
    make_connection("users")
    assert found(client, "dublin ord") == [
        {
            "name": "orders",
            "place": "Dublin · AWS",
            "state": "unknown",
            "shape": "◌",
            "word": "No data",
            "open": f"/connections/{pk}/",
            "edit": f"/connections/{pk}/edit/",
            "past": f"/history/?connection={pk}",
            "test": f"/connections/{pk}/test/",
            "latency": f"/connections/{pk}/latency/",
            "load": f"/connections/{pk}/load/",
            "health": f"/connections/{pk}/health/",
        }
    ]


def test_at_most_ten_are_told_by_name_and_nothing_typed_finds_the_first(client, make_connection):
    for number in range(12):
        make_connection(f"db {number:02}")
    names = [one["name"] for one in found(client, "")]
    assert names == [f"db {number:02}" for number in range(10)]


def test_a_deleted_one_is_not_found(client, make_connection):
    deleting.hide(make_connection("orders"))
    assert found(client, "orders") == []


def test_the_queries_do_not_grow_with_what_is_found(client, make_connection, django_assert_num_queries):
    make_connection("db 1")
    with django_assert_num_queries(4):
        found(client, "db")
    for number in range(2, 9):
        make_connection(f"db {number}")
    with django_assert_num_queries(4):
        assert len(found(client, "db")) == 8


@pytest.mark.parametrize("words", ["\0", "%", "_" * 5000, "' OR 1=1 --", "<script>"])
def test_strange_words_find_nothing_and_break_nothing(client, make_connection, words):
    make_connection("orders")
    assert len(found(client, words)) == (words == "\0")


def test_it_is_read_and_never_kept(client):
    assert client.get("/palette/")["Cache-Control"] == "no-store"
    assert client.post("/palette/").status_code == 405
