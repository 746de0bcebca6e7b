"""Recent checks: filters, and pages that lead both ways through all of them without a gap or a repetition."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from connections.models import Region
from probes.history import (
    Cursor,
    Filters,
    Refused,
    Window,
    newer_checks,
    newest_checks,
    older_checks,
)
from probes.models import Kind, uuid7
from tests.rigs.results import OURS, REFUSED, add, result

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def keys(results):
    return [Cursor.at(one) for one in results]


def walk_back(filters, window, size):
    """All pages from the newest on."""
    pages = [newest_checks(filters, window, size)]
    while pages[-1].older:
        pages.append(older_checks(filters, window, pages[-1].older, size))
    return pages


@pytest.fixture
def fleet(make_connection):
    """Three connections with checks at every distance, many of them at one moment as a run makes them."""
    targets = [make_connection(f"target {number}") for number in range(3)]
    now = timezone.now()
    run = uuid7()
    add(
        *(
            result(target.pk, now - n**3 * 7 * MINUTE, vantage=vantage, run_id=run if n % 2 else uuid7())
            for n in range(10)
            for target in targets
            for vantage in ("home", "tokyo")
        )
    )
    return targets


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_walking_back_shows_every_check_once_in_order(fleet, size):
    window = Window.named("30d")
    seen = [key for page in walk_back(Filters(), window, size) for key in keys(page.results)]
    assert seen == sorted(seen, key=lambda one: one.key, reverse=True)
    assert len(seen) == len(set(seen)) == 60


@pytest.mark.parametrize("size", [7, 25])
@pytest.mark.parametrize("chosen", [slice(0), slice(1), slice(3)])
def test_walking_forth_shows_the_same_pages(fleet, size, chosen):
    window = Window.named("30d")
    filters = Filters(connections=tuple(one.pk for one in fleet[chosen]))
    back = walk_back(filters, window, size)
    page, forth = back[-1], [back[-1]]
    while page.newer:
        page = newer_checks(filters, window, page.newer, size)
        forth.append(page)
    assert [keys(page.results) for page in forth[1:-1]] == [keys(page.results) for page in back[-2:0:-1]][
        : len(forth) - 2
    ]
    assert {key for page in forth for key in keys(page.results)} == {
        key for page in back for key in keys(page.results)
    }


def test_the_newest_page_has_nothing_newer_and_the_last_nothing_older(fleet):
    pages = walk_back(Filters(), Window.named("30d"), 25)
    assert pages[0].newer is None
    assert pages[-1].older is None
    assert all(page.newer for page in pages[1:])


def test_checks_that_arrive_meanwhile_do_not_move_the_pages(fleet):
    window = Window.named("30d")
    first = newest_checks(Filters(), window, 10)
    second = older_checks(Filters(), window, first.older, 10)
    add(result(fleet[0].pk, timezone.now()))
    assert keys(older_checks(Filters(), window, first.older, 10).results) == keys(second.results)
    newer = newer_checks(Filters(), Window.named("30d"), Cursor.at(first.results[0]), 10)
    assert len(newer.results) == 1


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        ("kind=load", 1),
        ("kind=connection", 5),
        ("outcome=good", 3),
        ("outcome=failed", 2),
        ("outcome=ours", 1),
        ("error=tcp_refused", 2),
        ("vantage=tokyo", 1),
        ("region=aws-eu-west-1", 4),
        ("provider=neon", 2),
        ("provider=neon&kind=load", 0),
        ("region=aws-eu-west-1&outcome=failed", 1),
        ("connection=999999", 0),
        ("", 6),
    ],
)
def test_filters_choose_the_checks(make_connection, chosen, count):
    ireland = Region.objects.create(
        code="aws-eu-west-1", name="Ireland", city="Dublin", country="IE", latitude=53, longitude=-6
    )
    one, two = make_connection("one", region=ireland), make_connection("two", provider="neon")
    now = timezone.now()
    add(
        result(one.pk, now),
        result(one.pk, now - MINUTE, **REFUSED),
        result(one.pk, now - 2 * MINUTE, kind=Kind.LOAD),
        result(one.pk, now - 3 * MINUTE, vantage="tokyo"),
        result(two.pk, now, **REFUSED),
        result(two.pk, now - HOUR, **OURS),
    )
    page = newest_checks(Filters.asked(QueryDict(chosen)), Window.named("24h"))
    assert len(page.results) == count


@pytest.mark.parametrize(
    "chosen",
    [
        "kind=nonsense",
        "outcome=0",
        "provider=me",
        "region=atlantis",
        "region=%00",
        "vantage=a%20b",
        "vantage=%00",
        "vantage=" + "x" * 100,
        "error='%20OR%20true",
        "connection=x",
        "connection=-1",
        "connection=1.5",
        "connection=%D9%A3",
        "connection=" + "9" * 30,
        "&".join(f"connection={n}" for n in range(10_001)),
    ],
)
def test_filters_that_cannot_be_are_refused(chosen):
    with pytest.raises(Refused):
        Filters.asked(QueryDict(chosen, encoding="utf-8") if len(chosen) < 5000 else many(chosen))


def many(chosen):
    query = QueryDict(mutable=True)
    query.setlist("connection", [part.partition("=")[2] for part in chosen.split("&")])
    return query


def test_ten_thousand_connections_can_be_asked_for_at_once(fleet):
    filters = Filters(connections=(*(one.pk for one in fleet), *range(10**6, 10**6 + 9_990)))
    assert len(newest_checks(filters, Window.named("30d"), 50).results) == 50


def test_what_a_deleted_connection_left_is_not_shown(make_connection):
    kept = make_connection("kept")
    now = timezone.now()
    add(result(kept.pk, now), result(kept.pk + 1000, now))
    for filters in (Filters(), Filters(connections=(kept.pk, kept.pk + 1000)), Filters(kind="connection")):
        assert [one.connection_id for one in newest_checks(filters, Window.named("1h")).results] == [kept.pk]


def test_checks_of_a_clock_that_is_ahead_are_recent(make_connection):
    target = make_connection()
    add(result(target.pk, timezone.now() + 50 * MINUTE))
    assert len(newest_checks(Filters(), Window.named("1h")).results) == 1
    past = Window.asked({"from": "2020-01-01", "to": "2020-06-01"})
    assert newest_checks(Filters(), past).results == []


def test_a_page_carries_everything_but_the_detail(fleet):
    [one, *_] = newest_checks(Filters(), Window.named("24h"), 1).results
    assert one.get_deferred_fields() == {"detail"}
    assert one.latency_ms == 5.0
