"""Schedules with what became of them last."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from probes.models import Run, Schedule, ScheduleTick


@dataclass(frozen=True)
class Row:
    """``run`` is the newest one, on time or out of turn; ``tick`` is the newest start that was due."""

    schedule: Schedule
    run: Run | None
    tick: ScheduleTick | None

    @property
    def skipped(self) -> ScheduleTick | None:
        """The newest tick when it came to no run, unless somebody started one since."""
        tick = self.tick if self.tick and self.tick.outcome == ScheduleTick.Outcome.SKIPPED else None
        return tick if tick and (self.run is None or self.run.created_at < tick.taken_at) else None


def rows(schedules: QuerySet[Schedule]) -> list[Row]:
    """The newest run and tick of each, in three queries however many there are."""
    ours = OuterRef("pk")
    found = list(
        schedules.select_related("owner")
        .prefetch_related("connections")
        .annotate(
            newest_run=Subquery(Run.objects.filter(schedule=ours).order_by("-created_at").values("pk")[:1]),
            newest_tick=Subquery(ScheduleTick.objects.filter(schedule=ours).order_by("-at").values("pk")[:1]),
        )
    )
    runs = Run.objects.in_bulk(_given(one.newest_run for one in found))
    ticks = ScheduleTick.objects.in_bulk(_given(one.newest_tick for one in found))
    return [Row(one, runs.get(one.newest_run), ticks.get(one.newest_tick)) for one in found]


def _given(ids: Iterable[object]) -> list[object]:
    return [one for one in ids if one is not None]
