"""What somebody wants a schedule to do, from whatever entrance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from probes.models import Kind, Schedule


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The fields of a `Schedule` by their names there; ``connections`` are ids."""

    name: str
    kind: Kind
    params: Mapping[str, Any] = field(default_factory=dict)
    scope: Schedule.Scope = Schedule.Scope.ALL
    connections: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    every_seconds: int | None = None
    cron: str = ""
    time_zone: str = "UTC"
    jitter_seconds: int = 10

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        return cls(
            name=schedule.name,
            kind=Kind(schedule.kind),
            params=schedule.params,
            scope=Schedule.Scope(schedule.scope),
            connections=tuple(schedule.connections.values_list("pk", flat=True)),
            words=tuple(schedule.words),
            every_seconds=schedule.every_seconds,
            cron=schedule.cron,
            time_zone=schedule.time_zone,
            jitter_seconds=schedule.jitter_seconds,
        )

    def fill(self, schedule: Schedule) -> Schedule:
        """Takes all of it but the connections, which need a saved schedule."""
        schedule.name, schedule.kind, schedule.params = self.name.strip(), self.kind, dict(self.params)
        schedule.scope, schedule.words = self.scope, list(self.words)
        schedule.every_seconds, schedule.cron = self.every_seconds, " ".join(self.cron.split())
        schedule.time_zone, schedule.jitter_seconds = self.time_zone, self.jitter_seconds
        return schedule
