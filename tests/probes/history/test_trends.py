"""The last day of many connections: by the hour, in one query, and since when they fail."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from probes.history import editions, rollup, success_shares
from probes.history.trends import HOURS, failing_since, trends_of
from probes.models import Upkeep
from tests.rigs.results import OURS, REFUSED, add, result

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOW = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)
WHICH = {"kind": "connection", "vantage": "home"}


def trend(pk=1):
    return trends_of([pk], NOW, **WHICH).get(pk)


def test_each_hour_has_its_mean_and_hours_without_a_check_have_none():
    add(
        result(1, NOW - 2 * HOUR, query_ms=10.0),
        result(1, NOW - 2 * HOUR + MINUTE, query_ms=30.0),
        result(1, NOW, query_ms=7.0),
    )
    found = trend()
    assert found.start == datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert len(found.latencies) == HOURS
    assert found.latencies[-3:] == [20.0, None, 7.0]
    assert set(found.latencies[:-3]) == {None}


def test_of_an_hour_that_is_rolled_up_in_part_each_result_weighs_the_same():
    if editions.look().aggregate:
        pytest.skip("Its hours come as one.")
    hour = NOW.replace(minute=0)
    add(
        *(result(1, hour + n * MINUTE, query_ms=10.0) for n in range(3)),
        result(1, NOW - MINUTE, query_ms=50.0),
    )
    add(result(1, hour, **REFUSED), result(1, NOW, **REFUSED))
    while rollup.advance(NOW):
        pass
    assert hour < Upkeep.objects.get().watermark < NOW
    found = trend()
    assert found.latencies[-1] == pytest.approx(20.0)
    assert (found.failed, found.last_good) == ([HOURS - 1], HOURS - 1)
    assert (found.share.checks, found.share.good) == (6, 4)


def test_other_kinds_other_vantages_and_older_hours_do_not_count():
    add(
        result(1, NOW, kind="latency"),
        result(1, NOW, vantage="elsewhere"),
        result(1, NOW - 25 * HOUR),
        result(2, NOW),
    )
    assert trend() is None


def test_what_our_own_side_broke_is_no_failure():
    add(result(1, NOW), result(1, NOW - HOUR, **OURS), result(1, NOW - 2 * HOUR, **REFUSED))
    found = trend()
    assert found.failed == [HOURS - 3]
    assert (found.share.checks, found.share.good, found.share.ours) == (2, 1, 1)


def test_the_share_is_the_one_that_lists_are_sorted_by():
    add(*(result(1, NOW - n * HOUR, **(REFUSED if n % 3 == 0 else {})) for n in range(30)))
    [share] = success_shares([1], NOW, kinds=["connection"], vantages=["home"]).values()
    assert trend().share == share


def test_many_connections_are_one_query():
    add(*(result(pk, NOW) for pk in range(1, 40)))
    with CaptureQueriesContext(database) as captured:
        assert len(trends_of(range(1, 40), NOW, **WHICH)) == 39
    assert len(captured) == 1


def since(*pks):
    return failing_since(trends_of(pks or [1], NOW, **WHICH), **WHICH)


def test_failing_began_with_the_first_failure_after_the_last_success():
    add(
        result(1, NOW - 50 * MINUTE, **REFUSED),
        result(1, NOW - 40 * MINUTE),
        result(1, NOW - 35 * MINUTE, **OURS),
        result(1, NOW - 20 * MINUTE, **REFUSED),
        result(1, NOW, **REFUSED),
    )
    assert since() == {1: NOW - 20 * MINUTE}


def test_failing_may_have_begun_in_a_later_hour():
    add(result(1, NOW - 9 * HOUR), result(1, NOW - 3 * HOUR, **REFUSED), result(1, NOW, **REFUSED))
    assert since() == {1: NOW - 3 * HOUR}


def test_what_never_worked_fails_since_its_first_check_of_the_day():
    add(result(1, NOW - 2 * HOUR, **REFUSED), result(1, NOW, **REFUSED))
    assert since() == {1: NOW - 2 * HOUR}


def test_many_that_fail_are_one_query_and_what_works_is_not_among_them():
    add(*(result(pk, NOW - pk * MINUTE, **REFUSED) for pk in range(1, 20)), result(99, NOW))
    trends = trends_of([*range(1, 20), 99], NOW, **WHICH)
    with CaptureQueriesContext(database) as captured:
        found = failing_since(trends, **WHICH)
    assert len(captured) == 1
    assert found == {pk: NOW - pk * MINUTE for pk in range(1, 20)}
