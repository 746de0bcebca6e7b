"""Stretches of time that people ask for, and the buckets that they are drawn in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from probes.history.refusals import Refused

NAMED: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
WORDS: Mapping[str, str] = {"1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 d", "30d": "30 d"}
DEFAULT = "24h"
RANGE = "range"
"""The window that ``from`` and ``to`` tell."""
LONGEST = timedelta(days=366)
AHEAD = timedelta(hours=1)
"""Checks stamped by a clock that ran ahead, or by ours before it was set back, are recent too."""

RAW_WITHIN = timedelta(hours=48)
"""Longer windows are read from the hourly roll-up, so that their cost does not grow with the rate of checks."""

HOUR = timedelta(hours=1)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing is older; and around what people can ask for there is room to count in."""
MONDAY = datetime(2000, 1, 3, tzinfo=UTC)
"""Where every bucket is counted from."""

_SECONDS = (5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800)
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168)
WIDTHS = (*(timedelta(seconds=n) for n in _SECONDS), *(timedelta(hours=n) for n in _HOURS))


@dataclass(frozen=True)
class Window:
    """From ``start`` until before ``end``, both aware UTC. ``name`` is one of `NAMED`, or "" for a range."""

    start: datetime
    end: datetime
    name: str = ""

    @classmethod
    def named(cls, name: str, now: datetime | None = None) -> Self:
        """The last hour, day or month. Raises `Refused` for a name that does not exist."""
        if name not in NAMED:
            raise Refused(f"There is no such window; there are {', '.join(NAMED)}.")
        end = now or timezone.now()
        return cls(end - NAMED[name], end, name)

    @classmethod
    def asked(cls, query: Mapping[str, str], now: datetime | None = None) -> Self:
        """What ``window``, or ``from`` and ``to``, of an address ask for. Times without a zone are UTC.

        A range without an end ends now; one that reaches into the future is cut there. Raises `Refused`.
        """
        begins, ends = query.get("from", "").strip(), query.get("to", "").strip()
        now = now or timezone.now()
        name = query.get("window", "").strip() or DEFAULT
        if not begins and not ends and name != RANGE:
            return cls.named(name, now)
        if not begins:
            raise Refused("Say where the range begins.")
        start = moment(begins, "begins")
        end = moment(ends, "ends") if ends else now
        return cls._range(start, end, now)

    @classmethod
    def _range(cls, start: datetime, end: datetime, now: datetime) -> Self:
        if start == end:
            raise Refused("The range is empty: it ends where it begins.")
        if end < start:
            raise Refused("The range ends before it begins.")
        if start >= now:
            raise Refused("The range lies in the future, where there is no history yet.")
        if start < EARLIEST:
            raise Refused(f"The range begins too early: there is no history before {EARLIEST.year}.")
        end = min(end, now)
        if end - start > LONGEST:
            raise Refused(f"The range is too long: at most {LONGEST.days} days can be read at once.")
        return cls(start, end)

    @property
    def ends_now(self) -> bool:
        return bool(self.name)

    @property
    def listed_until(self) -> datetime:
        """The end of what a list or a file of its checks holds."""
        return self.end + AHEAD if self.ends_now else self.end

    @property
    def phrase(self) -> str:
        """In words, to end a sentence with."""
        if self.name:
            return f"in the last {WORDS[self.name]}"
        return f"from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


def moment(text: str, word: str) -> datetime:
    """What somebody wrote as the time when a range ``word``: begins or ends. Raises `Refused`."""
    try:
        found = parse_datetime(text[:40])
        day = None if found else parse_date(text[:40])
        if day is not None:
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if found is not None:
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Refused(f"When the range {word} cannot be read. Write it as in 2026-05-31 or 2026-05-31T18:00.")


@dataclass(frozen=True)
class Buckets:
    """Equal steps, aligned so that two readers of the same time see the same ones.

    ``hourly`` says that the roll-up is to be read: no raw row makes them finer, a raw read would be long, or the raw
    rows may be gone.
    """

    first: datetime
    width: timedelta
    count: int
    hourly: bool

    @classmethod
    def of(cls, window: Window, most: int) -> Self:
        """The finest buckets that cover the window in at most ``most`` steps. Raises `Refused` below 2."""
        if most < 2:
            raise Refused("Ask for at least two points.")
        kept = timedelta(days=settings.TIMESCALE_RETENTION_DAYS)
        hourly = window.end - window.start > RAW_WITHIN or window.start < timezone.now() - kept
        for width in _widths():
            first = window.start - (window.start - MONDAY) % width
            count = -(-(window.end - first) // width)
            if count <= most and (width >= HOUR or not hourly):
                break
        return cls(first, width, count, hourly or width >= HOUR)

    @property
    def end(self) -> datetime:
        return self.first + self.count * self.width

    def place(self, at: datetime) -> int:
        return (at - self.first) // self.width

    def starts(self) -> list[datetime]:
        return [self.first + number * self.width for number in range(self.count)]


def _widths() -> Iterator[timedelta]:
    yield from WIDTHS
    weeks = 2
    while True:
        yield timedelta(weeks=weeks)
        weeks *= 2
