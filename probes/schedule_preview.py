"""What a schedule would do, told while somebody fills in its form."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.utils import timezone

from probes.models import Schedule
from probes.schedule_forms import ScheduleForm
from probes.schedules.targets import matching
from probes.timing import Cron, Moved, TimingError

SHOWN_STARTS = 5
_OF_SCOPE = {"connections", "tags", "regions", "providers"}
_OF_TIMING = ("every", "cron", "time_zone", "jitter_seconds")


@dataclass
class Preview:
    """The next starts, on the schedule's own clock and in UTC, and how many connections match by now.

    ``moved`` is the next start that falls where a clock jumps; ``problem`` says why there is no timing.
    """

    matched: int | None
    problem: str = ""
    zone: str = "UTC"
    starts: list[tuple[datetime, datetime]] = field(default_factory=list)
    moved: Moved | None = None

    @classmethod
    def of(cls, form: ScheduleForm, pk: int | None = None) -> Self:
        form.is_valid()
        made = cls(_matched(form))
        if wrong := [name for name in _OF_TIMING if name in form.errors]:
            made.problem = str(form.errors[wrong[0]][0])
        elif "timing" in form.cleaned_data:
            names = ("every_seconds", "cron", "time_zone", "jitter_seconds")
            made.look_ahead(Schedule(pk=pk, **{name: form.cleaned_data[name] for name in names}))
        return made

    def look_ahead(self, schedule: Schedule) -> None:
        now = timezone.now()
        try:
            timing, starts = schedule.timing, schedule.starts_after(now, SHOWN_STARTS)
        except TimingError as error:
            self.problem = str(error)
            return
        self.zone = schedule.time_zone
        # A template would put what knows its zone on the server's clock.
        self.starts = [(at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None), at) for at in starts]
        self.moved = timing.moved(now) if isinstance(timing, Cron) else None


def _matched(form: ScheduleForm) -> int | None:
    scope = form.cleaned_data.get("scope")
    if not scope or form.errors.keys() & _OF_SCOPE:
        return None
    return matching(Schedule.Scope(scope), form.words(), form.connection_ids()).count()
