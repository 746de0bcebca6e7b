import pytest
from django.db import DataError, IntegrityError, transaction

from connections.models import Connection, Region


def test_neither_str_nor_repr_shows_a_secret(make_connection):
    stored = make_connection("orders", password="hunter2")
    for shown in (str(stored), repr(stored), stored.address, f"{stored}"):
        assert "hunter2" not in shown
        assert stored.password_sealed not in shown


@pytest.mark.parametrize(
    ("host", "address"), [("db.example", "db.example:5432/app"), ("2001:db8::1", "[2001:db8::1]:5432/app")]
)
def test_the_address_has_no_credentials(host, address):
    assert Connection(host=host, database="app", username="ada").address == address


def test_tls_is_required_unless_somebody_chose_otherwise():
    assert Connection().sslmode == "require"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "é" * 32},
        {"host": ""},
        {"port": 0},
        {"port": 65536},
        {"database": ""},
        {"username": ""},
        {"sslmode": "yes"},
        {"connect_timeout": 0},
        {"connect_timeout": 61},
        {"tags": list("abcdefghijk")},
        {"simulated_rtt_ms": -1},
    ],
)
def test_the_database_itself_refuses_nonsense(make_connection, wrong):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        make_connection(**wrong)


def test_two_connections_cannot_differ_only_in_capitals(make_connection):
    make_connection("Orders")
    with pytest.raises(IntegrityError, match="connection_name_unique"):
        make_connection("ORDERS")


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "AWS us"},
        {"country": "usa"},
        {"country": "us"},
        {"latitude": 91},
        {"longitude": -181},
        {"city": ""},
    ],
)
def test_the_database_refuses_regions_that_are_nowhere(db, wrong):
    place = {"code": "x-1", "name": "X", "city": "X", "country": "US", "latitude": 1, "longitude": 1}
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        Region.objects.create(**{**place, **wrong})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ord", {"orders"}),
        ("ORDERS", {"orders"}),
        ("dublin", {"orders"}),
        ("aws-eu-west-1", {"orders"}),
        ("prod", {"orders"}),
        ("prod dublin", {"orders"}),
        ("prod tokyo", set()),
        ("neon", {"stock"}),
        ("warehouse", {"stock"}),
        ("example.org", {"orders", "stock"}),
        ("", {"orders", "stock"}),
    ],
)
def test_search_looks_at_name_host_database_region_provider_and_tags(make_connection, regions, text, found):
    dublin = Region.objects.get(code="aws-eu-west-1")
    make_connection("orders", host="a.example.org", region=dublin, tags=["prod"], provider="aws")
    make_connection("stock", host="b.example.org", database="warehouse", provider="neon")
    assert {one.name for one in Connection.objects.search(text)} == found


def test_connections_are_found_by_name_and_state(make_connection):
    make_connection("Orders")
    make_connection("stock", active=False)
    assert [one.name for one in Connection.objects.named("oRDERS")] == ["Orders"]
    assert [one.name for one in Connection.objects.active()] == ["Orders"]


def test_a_list_needs_one_query_and_is_sorted_whatever_the_capitals(
    make_connection, regions, django_assert_num_queries
):
    for name in ("beta", "Alpha", "gamma"):
        make_connection(name, region=Region.objects.get(code="do-nyc"))
    with django_assert_num_queries(1):
        assert [(one.name, one.region.city) for one in Connection.objects.for_list()] == [
            ("Alpha", "New York"),
            ("beta", "New York"),
            ("gamma", "New York"),
        ]
