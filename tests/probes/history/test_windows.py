"""Stretches of time: what can be asked for, what is refused and why, and how they fall into buckets."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from probes.history import Buckets, Refused, Window
from probes.history.windows import AHEAD, HOUR, NAMED, RAW_WITHIN

NOW = datetime(2026, 5, 31, 12, 34, 56, 789, tzinfo=UTC)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_window_ends_now(name):
    window = Window.asked({"window": name}, NOW)
    assert (window.end, window.end - window.start, window.name) == (NOW, NAMED[name], name)


def test_nothing_asked_for_is_the_last_day():
    assert Window.asked({}, NOW).name == "24h"
    assert Window.asked({"window": "", "from": " ", "to": ""}, NOW).name == "24h"


def test_a_range_may_be_days_or_moments_and_is_utc_unless_it_says_otherwise():
    window = Window.asked({"from": "2026-05-01", "to": "2026-05-02T01:30+03:00"}, NOW)
    assert window.start == datetime(2026, 5, 1, tzinfo=UTC)
    assert window.end == datetime(2026, 5, 1, 22, 30, tzinfo=UTC)
    assert window.name == ""


def test_a_range_without_an_end_ends_now_and_none_reaches_into_the_future():
    assert Window.asked({"from": "2026-05-30"}, NOW).end == NOW
    assert Window.asked({"from": "2026-05-30", "to": "2030-01-01"}, NOW).end == NOW


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"window": "2h"}, "no such window"),
        ({"window": "\0"}, "no such window"),
        ({"to": "2026-05-01"}, "where the range begins"),
        ({"window": "range"}, "where the range begins"),
        ({"from": "2026-05-01", "to": "2026-05-01"}, "empty"),
        ({"from": "2026-05-02", "to": "2026-05-01"}, "ends before it begins"),
        ({"from": "2026-06-01", "to": "2026-06-02"}, "future"),
        ({"from": "2026-05-31T12:34:56.000789"}, "empty"),
        ({"from": "1976-05-31"}, "too long"),
        ({"from": "0001-01-01"}, "before 1970"),
        ({"from": "0001-01-01", "to": "0001-12-31"}, "before 1970"),
        ({"from": "0001-01-01T00:00+14:00"}, "cannot be read"),
        ({"from": "2026-02-30"}, "cannot be read"),
        ({"from": "yesterday"}, "cannot be read"),
        ({"from": "9" * 5000}, "cannot be read"),
        ({"from": "2026-05-01", "to": "9999-12-31T23:59:59-14:00"}, "cannot be read"),
        ({"from": "\uff12\uff10\uff12\uff16-05-01", "to": "\0"}, "cannot be read"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_a_sentence(query, sentence):
    with pytest.raises(Refused, match=sentence):
        Window.asked(query, NOW)


moments = st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=366))


@given(moments, spans, st.integers(2, 2000))
def test_buckets_cover_the_window_in_at_most_so_many_aligned_steps(start, span, most):
    window = Window(start, start + span)
    buckets = Buckets.of(window, most)
    assert 1 <= buckets.count <= most
    assert buckets.first <= window.start
    assert buckets.end >= window.end
    assert buckets.end - window.end < buckets.width
    assert buckets.first.timestamp() % min(buckets.width, timedelta(days=1)).total_seconds() == 0
    assert buckets.place(window.start) == 0
    assert buckets.place(window.end - timedelta.resolution) == buckets.count - 1


@given(moments, spans)
def test_long_and_old_windows_are_read_by_the_hour_and_others_from_the_rows(start, span):
    buckets = Buckets.of(Window(start, start + span), 300)
    gone = start < timezone.now() - timedelta(days=settings.TIMESCALE_RETENTION_DAYS)
    assert buckets.hourly == (span > RAW_WITHIN or gone)
    assert not buckets.hourly or buckets.width % HOUR == timedelta(0)


def test_two_readers_of_the_same_time_see_the_same_buckets():
    one = Buckets.of(Window.named("24h", NOW), 300)
    other = Buckets.of(Window.named("24h", NOW + timedelta(seconds=301)), 300)
    assert one.width == other.width
    assert set(one.starts()[1:]) <= set(other.starts())


def test_fewer_than_two_points_are_refused():
    with pytest.raises(Refused, match="two points"):
        Buckets.of(Window.named("24h", NOW), 1)


def test_a_list_until_now_holds_checks_of_clocks_that_ran_ahead_and_a_range_ends_where_it_says():
    assert Window.named("1h", NOW).listed_until == NOW + AHEAD
    assert Window(NOW - HOUR, NOW).listed_until == NOW
