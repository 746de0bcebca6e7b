import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone

from probes.templatetags.figures import ago, count, elapsed, latency_class, ms, phases


def timed(**given: float | None) -> Any:
    names = ("dns_ms", "tcp_ms", "tls_ms", "auth_ms", "query_ms", "total_ms")
    return SimpleNamespace(**{**dict.fromkeys(names), **given})


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0.04, "0.0 ms"),
        (84.23, "84.2 ms"),
        (999.94, "999.9 ms"),
        (999.96, "1.00 s"),
        (1270, "1.27 s"),
        (75_000, "75.00 s"),
    ],
)
def test_durations_are_milliseconds_then_seconds_and_never_zero_for_none(
    value: float | None, text: str
) -> None:
    assert ms(value) == text


@pytest.mark.parametrize(
    ("value", "css"),
    [
        (None, "lat-none"),
        (0, "lat-good"),
        (99.9, "lat-good"),
        (100, "lat-fair"),
        (199.9, "lat-fair"),
        (200, "lat-slow"),
    ],
)
def test_latency_is_good_below_100_and_fair_below_200(value: float | None, css: str) -> None:
    assert latency_class(value) == css


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0, "0"),
        (9999, "9,999"),
        (12_400, "12.4 k"),
        (999_949, "999.9 k"),
        (999_990, "1.0 M"),
        (2_500_000_000, "2.5 G"),
    ],
)
def test_large_counts_get_a_unit(value: int | None, text: str) -> None:
    assert count(value) == text


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=42), "42 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=29), "29 d ago"),
    ],
)
def test_a_moment_is_written_as_how_long_ago(past: timedelta, text: str) -> None:
    assert text_of(ago(timezone.now() - past)) == text


def test_a_moment_long_past_is_written_as_its_date() -> None:
    assert text_of(ago(datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC))) == "2020-02-03"


def test_the_exact_moment_shows_on_hover() -> None:
    html = ago(datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert 'title="2020-02-03 04:05:06 UTC"' in html
    assert 'datetime="2020-02-03T04:05:06+00:00"' in html


def test_no_moment_is_a_dash() -> None:
    assert ago(None) == "—"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=6), "6 s"),
        (timedelta(minutes=3, seconds=20), "3 min 20 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(seconds=-2), "0 s"),
    ],
)
def test_a_finished_span_is_plain_text(span: timedelta, text: str) -> None:
    start = timezone.now()
    assert elapsed(start, start + span) == text


def test_an_open_span_is_marked_so_that_the_page_counts_it_up() -> None:
    start = timezone.now() - timedelta(seconds=90)
    html = Template("{% load figures %}{% elapsed start %}").render(Context({"start": start}))
    assert text_of(html) == "1 min 30 s"
    assert "data-elapsed" in html


def test_phases_follow_each_other_and_fill_the_picture() -> None:
    found = phases(timed(dns_ms=10, tcp_ms=20, auth_ms=30, query_ms=40, total_ms=100))
    assert [(phase.name, phase.start_ms, phase.ms) for phase in found] == [
        ("dns", 0, 10),
        ("tcp", 10, 20),
        ("auth", 30, 30),
        ("query", 60, 40),
    ]
    assert [(phase.x, phase.width) for phase in found][-1] == ("60.00", "40.00")


def test_time_outside_the_phases_leaves_room_at_the_end() -> None:
    (only,) = phases(timed(tcp_ms=50, total_ms=100))
    assert (only.x, only.width) == ("0.00", "50.00")


@pytest.mark.parametrize("nothing", [None, timed(), timed(tcp_ms=0.0)])
def test_phases_of_nothing_draw_nothing(nothing: Any) -> None:
    assert all(phase.width == "0.00" for phase in phases(nothing))


def test_an_attribute_of_a_missing_object_is_a_dash_too() -> None:
    tags = (
        "{{ gone.x|ms }} {{ gone.x|latency_class }} {{ gone.x|count }} {{ gone.x|ago }} {{ gone.x|phases }}"
    )
    assert Template("{% load figures %}" + tags).render(Context({"gone": None})) == "— lat-none — — []"
