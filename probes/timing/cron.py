"""Cron lines of five fields, read as cron reads them, in any time zone.

When the clocks change, a start happens once and none is lost: what falls into the hour that is skipped comes as much
later as the clock jumps, and in the hour that is repeated only lines that hold in every hour start twice.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from probes.timing.problems import TimingError
from probes.timing.zones import require_zone

LONGEST_LINE = 100
# 29 February may be eight years away; whatever matches at all has matched by then.
FARTHEST_DAYS = 8 * 366
_DAY = timedelta(days=1)
_PART = re.compile(r"(?:(\*)|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]+))?", re.ASCII | re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class _Field:
    title: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    """Of its values, from the least on."""

    def read(self, text: str) -> frozenset[int]:
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, part: str) -> range:
        found = _PART.fullmatch(part)
        if not found:
            raise TimingError(
                "cron", f"“{part}” is not a {self.title}: write *, 5, 1-5, */10 or a list such as 0,30."
            )
        every, first, last, step = found.groups()
        low = self.least if every else self._number(first)
        # As in cron, 5/10 is from 5 on.
        high = self._number(last) if last else (self.most if every or step else low)
        if high < low:
            raise TimingError("cron", f"The range {part} of the {self.title} ends before it begins.")
        if step is not None and not 0 < int(step) <= self.most:
            raise TimingError("cron", f"The step of {part} must be between 1 and {self.most}.")
        return range(low, high + 1, int(step or 1))

    def _number(self, text: str) -> int:
        if text.lower() in self.names:
            return self.names.index(text.lower()) + self.least
        number = int(text) if text.isdigit() and len(text) < 5 else -1
        if not self.least <= number <= self.most:
            raise TimingError(
                "cron", f"“{text}” is not a {self.title}: it goes from {self.least} to {self.most}."
            )
        return number


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class Moved:
    """A start whose time of day does not exist, as the clock jumps over it, and when it comes instead, on that clock."""

    meant: datetime
    instead: datetime


@dataclass(frozen=True)
class Cron:
    """A line and the zone whose clock it means. Days count when either day field holds, if both are restricted."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    zone: str

    @classmethod
    def read(cls, line: str, zone: str) -> Self:
        """Raises `TimingError` for what is no cron line, never comes, or names no time zone."""
        require_zone(zone)
        words = line[: LONGEST_LINE + 1].split()
        if len(words) == len(_FIELDS) + 1:
            raise TimingError(
                "cron", "A cron line has five fields and no seconds: minute, hour, day, month, weekday."
            )
        if len(words) != len(_FIELDS) or len(line) > LONGEST_LINE:
            raise TimingError(
                "cron", "Write five fields with spaces between: minute, hour, day, month, weekday."
            )
        minutes, hours, days, months, weekdays = (
            field.read(word) for field, word in zip(_FIELDS, words, strict=True)
        )
        either = not words[2].startswith("*") and not words[4].startswith("*")
        made = cls(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either, zone)
        if next(made._matching(date(2024, 1, 1), 1), None) is None:
            raise TimingError("cron", "No month has such a day, so this would never start.")
        return made

    def after(self, moment: datetime) -> datetime:
        # The day before may have a start that was moved past midnight.
        for day in self._matching(self._local(moment).date() - _DAY, 1):
            starts = _starts(self, day)
            if starts[-1] > moment:
                return starts[bisect_right(starts, moment)]
        raise AssertionError("A line that never comes was refused when it was read.")

    def until(self, moment: datetime) -> datetime:
        for day in self._matching(self._local(moment).date(), -1):
            starts = _starts(self, day)
            if starts[0] <= moment:
                return starts[bisect_right(starts, moment) - 1]
        raise AssertionError("A line that never comes was refused when it was read.")

    def moved(self, moment: datetime) -> Moved | None:
        """The first start within a year whose time of day will not exist."""
        first = self._local(moment).date()
        for day in self._matching(first, 1):
            if day - first > timedelta(days=366):
                break
            for meant in self._times(day) if self._jumps(day) else ():
                at = meant.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
                instead = self._local(at).replace(tzinfo=None)
                if instead != meant and at > moment:
                    return Moved(meant, instead)
        return None

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))

    def _matching(self, day: date, step: int) -> Iterator[date]:
        """The days on which it starts, from this one on or back."""
        for distance in range(FARTHEST_DAYS + 2):
            one = day + step * distance * _DAY
            if one.month in self.months and self._on(one):
                yield one

    def _on(self, day: date) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either_day else of_month and of_week

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                yield datetime.combine(day, time(hour, minute))

    def _jumps(self, day: date) -> bool:
        midnight = datetime.combine(day, time(), ZoneInfo(self.zone))
        return midnight.utcoffset() != (midnight + _DAY).utcoffset()


@lru_cache(maxsize=512)
def _starts(cron: Cron, day: date) -> tuple[datetime, ...]:
    """The starts of a day in UTC, in order."""
    zone = ZoneInfo(cron.zone)
    folds = (0, 1) if len(cron.hours) == 24 else (0,)
    local = (one.replace(tzinfo=zone, fold=fold) for one in cron._times(day) for fold in folds)
    return tuple(sorted({one.astimezone(UTC) for one in local}))
