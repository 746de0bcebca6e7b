"""Cron lines and intervals: what they mean, in every zone and on the days on which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.timing import Cron, Every, TimingError, zones
from probes.timing.interval import LONGEST, SHORTEST

BERLIN, KOLKATA, NEPAL, LORD_HOWE = "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"
ZONES = [
    "UTC",
    BERLIN,
    KOLKATA,
    NEPAL,
    LORD_HOWE,
    "America/New_York",
    "America/Santiago",
    "Africa/Casablanca",
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def starts(line: str, zone: str, after: str, count: int = 3) -> list[str]:
    timing, moment, found = Cron.read(line, zone), utc(after), []
    for _ in range(count):
        moment = timing.after(moment)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        ("0 3 * * *", "UTC", "2026-11-23 03:00", ["2026-11-24 03:00", "2026-11-25 03:00"]),
        ("*/20 * * * *", "UTC", "2026-11-23 03:05", ["2026-11-23 03:20", "2026-11-23 03:40"]),
        ("5/25 0 * * *", "UTC", "2026-11-23 12:00", ["2026-11-24 00:05", "2026-11-24 00:30"]),
        ("30 9 * * mon-fri", "UTC", "2026-11-20 10:00", ["2026-11-23 09:30", "2026-11-24 09:30"]),
        ("0 0 * * 7", "UTC", "2026-11-23 00:00", ["2026-11-29 00:00", "2026-12-06 00:00"]),
        ("0 0 1 jan,JUL *", "UTC", "2026-11-23 00:00", ["2027-01-01 00:00", "2027-07-01 00:00"]),
        ("0 0 29 2 *", "UTC", "2097-01-01 00:00", ["2104-02-29 00:00", "2108-02-29 00:00"]),
        # As in cron, either day counts when both are restricted.
        ("0 0 13 * 5", "UTC", "2026-11-09 00:00", ["2026-11-13 00:00", "2026-11-20 00:00"]),
        ("30 6 * * *", KOLKATA, "2026-11-23 00:00", ["2026-11-23 01:00", "2026-11-24 01:00"]),
        ("0 0 * * *", NEPAL, "2026-11-23 00:00", ["2026-11-23 18:15", "2026-11-24 18:15"]),
        # Winter and summer.
        ("0 12 * * *", BERLIN, "2026-03-27 12:00", ["2026-03-28 11:00", "2026-03-29 10:00"]),
    ],
)
def test_a_line_means_what_cron_means_by_it(line, zone, after, expected):
    assert starts(line, zone, after, 2) == expected


def test_a_time_that_the_clock_jumps_over_comes_as_much_later_and_once():
    assert starts("30 2 * * *", BERLIN, "2026-03-28 12:00") == [
        "2026-03-29 01:30",
        "2026-03-30 00:30",
        "2026-03-31 00:30",
    ]
    # Half an hour is skipped here.
    assert starts("15 2 * * *", LORD_HOWE, "2026-10-02 16:00", 2) == ["2026-10-03 15:45", "2026-10-04 15:15"]


def test_a_time_that_comes_twice_starts_once():
    assert starts("30 2 * * *", BERLIN, "2026-10-24 12:00", 2) == ["2026-10-25 00:30", "2026-10-26 01:30"]


def test_a_line_of_every_hour_goes_on_through_both_changes():
    for day in ("2026-03-29", "2026-10-25"):
        found = starts("*/30 * * * *", BERLIN, f"{day} 00:00", 8)
        assert found == [f"{day} {minutes // 60:02}:{minutes % 60:02}" for minutes in range(30, 270, 30)]


def test_what_is_jumped_over_is_told_beforehand():
    moved = Cron.read("30 2 * * *", BERLIN).moved(utc("2026-11-23 00:00"))
    assert (moved.meant, moved.instead) == tuple(
        map(datetime.fromisoformat, ("2027-03-28 02:30", "2027-03-28 03:30"))
    )
    assert Cron.read("30 4 * * *", BERLIN).moved(utc("2026-11-23 00:00")) is None
    assert Cron.read("30 2 * * *", "UTC").moved(utc("2026-11-23 00:00")) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "no seconds"),
        ("@daily", "five fields"),
        ("60 * * * *", "from 0 to 59"),
        ("* 24 * * *", "from 0 to 23"),
        ("* * 0 * *", "from 1 to 31"),
        ("* * * 13 *", "from 1 to 12"),
        ("* * * * 8", "from 0 to 7"),
        ("* * * * noday", "not a weekday"),
        ("5-1 * * * *", "ends before it begins"),
        ("*/0 * * * *", "must be between 1 and 59"),
        ("*/9999999 * * * *", "must be between 1 and 59"),
        ("1,,2 * * * *", "not a minute"),
        ("-1 * * * *", "not a minute"),
        ("٣ * * * *", "not a minute"),
        ("0 0 30 2 *", "No month has such a day"),
        ("0 0 31 4,6,9,11 *", "No month has such a day"),
        ("0 " * 60, "five fields"),
    ],
)
def test_what_is_no_line_or_never_comes_is_refused_in_words(line, said):
    with pytest.raises(TimingError, match=said) as refusal:
        Cron.read(line, "UTC")
    assert refusal.value.field == "cron"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "CEST"])
def test_a_zone_that_is_not_there_is_refused(zone):
    with pytest.raises(TimingError, match="no time zone") as refusal:
        Cron.read("* * * * *", zone)
    assert refusal.value.field == "time_zone"


@pytest.mark.parametrize("seconds", [-1, 0, SHORTEST - 1, LONGEST + 1, 100 * 365 * 86_400])
def test_an_interval_of_nothing_or_a_century_is_refused(seconds):
    with pytest.raises(TimingError, match="between 10 seconds and 31 days"):
        Every(seconds)


FIRST, LAST = datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2040-01-01")
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
fields = st.sampled_from(["*", "0", "30", "*/7", "1-5", "2", "3,17"])
lines = st.builds(
    lambda *words: " ".join(words),
    fields,
    st.sampled_from(["*", "2", "1-3", "*/5"]),
    st.sampled_from(["*", "1", "25-31"]),
    st.sampled_from(["*", "3", "10-12"]),
    st.sampled_from(["*", "0", "1-5"]),
)


@given(line=lines, zone=st.sampled_from(ZONES), moment=moments)
def test_the_last_start_before_the_next_one_is_the_last_start(line, zone, moment):
    timing = Cron.read(line, zone)
    following = timing.after(moment)
    assert following > moment
    assert timing.until(following) == following
    last = timing.until(moment)
    assert last <= moment
    assert timing.after(last) == following
    assert timing.after(last - timedelta(microseconds=1)) == last


@given(line=lines, zone=st.sampled_from(ZONES), moment=moments)
def test_a_start_is_at_the_time_of_day_that_was_asked_for(line, zone, moment):
    timing = Cron.read(line, zone)
    at = timing.after(moment)
    local = at.astimezone(ZoneInfo(zone))
    jumped = local.utcoffset() != (local - timedelta(hours=3)).utcoffset()
    assert jumped or (local.hour in timing.hours and local.minute in timing.minutes)


@given(seconds=st.integers(SHORTEST, LONGEST), moment=moments)
def test_an_interval_is_kept_to_the_second(seconds, moment):
    timing = Every(seconds)
    assert timing.until(moment) <= moment < timing.after(moment)
    assert timing.after(moment) - timing.until(moment) == timedelta(seconds=seconds)


def test_the_files_of_the_zones_are_looked_through_once(monkeypatch):
    Cron.read("0 3 * * *", BERLIN)
    monkeypatch.setattr(zones, "available_timezones", lambda: pytest.fail("looked through again"))
    assert Cron.read("0 4 * * *", KOLKATA).zone == KOLKATA
