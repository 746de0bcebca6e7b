"""Schedules, and what became of each of their ticks."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from connections.models import Connection
from probes.engine import outcome
from probes.models.runs import Kind, Run
from probes.timing import Cron, Every, Timing, TimingError, require_zone
from probes.timing.interval import LONGEST, SHORTEST

LONGEST_JITTER = 3600
_GOLDEN = 0.6180339887498949


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def due(self, now: datetime) -> Self:
        return self.filter(next_at__lte=now).order_by("next_at", "pk")


class Schedule(models.Model):
    """A run that is asked for again and again, with the rights of its owner: whoever last said what it does.

    ``next_at`` is when it starts next, and None while it is paused.
    """

    class Scope(models.TextChoices):
        ALL = "all", "Everything"
        CONNECTIONS = "connections", "Chosen connections"
        TAGS = "tags", "Tags"
        REGIONS = "regions", "Regions"
        PROVIDERS = "providers", "Providers"

    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=Kind)
    params = models.JSONField(default=dict, blank=True)
    scope = models.CharField(max_length=16, choices=Scope, default=Scope.ALL)
    connections = models.ManyToManyField(Connection, blank=True, related_name="+")
    # Tags, codes of regions or providers, as the scope says.
    words = ArrayField(models.CharField(max_length=64), blank=True, default=list)
    every_seconds = models.PositiveIntegerField(null=True, blank=True)
    cron = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    jitter_seconds = models.PositiveSmallIntegerField(default=SHORTEST)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["next_at"], name="schedule_due")]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="schedule_name_unique",
                violation_error_message="Another schedule has this name.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="schedule_named"),
            models.CheckConstraint(
                condition=Q(every_seconds=None) ^ Q(cron=""),
                name="schedule_interval_or_cron",
                violation_error_message="Give an interval or a cron line, and not both.",
            ),
            models.CheckConstraint(
                condition=Q(every_seconds=None) | Q(every_seconds__range=(SHORTEST, LONGEST)),
                name="schedule_interval_range",
            ),
            models.CheckConstraint(
                condition=Q(jitter_seconds__lte=LONGEST_JITTER), name="schedule_jitter_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Any = None) -> None:
        """Adds the rules of its timing to Django's own."""
        errors: dict[str, Any] = {}
        try:
            super().clean_fields(exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        try:
            # An interval starts by no clock, but whoever reads the zone must be able to believe it.
            require_zone(self.time_zone)
            timing = self.timing
        except TimingError as error:
            errors[error.field] = [str(error)]
        else:
            most = min(LONGEST_JITTER, timing.seconds if isinstance(timing, Every) else LONGEST_JITTER)
            if (self.jitter_seconds or 0) > most:
                errors["jitter_seconds"] = [f"Starts can be spread over at most {most:,} seconds here."]
        if errors:
            raise ValidationError(errors)

    @property
    def kind_of_probe(self) -> outcome.Kind:
        return Kind(self.kind).of_engine

    @property
    def timing(self) -> Timing:
        """Raises `TimingError`."""
        return Cron.read(self.cron, self.time_zone) if self.cron else Every(self.every_seconds or 0)

    @property
    def delay(self) -> timedelta:
        """How much later than its timing it starts: its own share of the jitter, always the same one.

        Steps of the golden ratio spread schedules evenly however many there are.
        """
        return timedelta(seconds=int((self.pk or 0) * _GOLDEN % 1 * self.jitter_seconds))

    def start_after(self, moment: datetime) -> datetime:
        return self.timing.after(moment - self.delay) + self.delay

    def start_until(self, moment: datetime) -> datetime:
        """The last start at this moment or before."""
        return self.timing.until(moment - self.delay) + self.delay

    def starts_after(self, moment: datetime, count: int) -> list[datetime]:
        starts: list[datetime] = []
        for _ in range(count):
            starts.append(self.start_after(starts[-1] if starts else moment))
        return starts

    @property
    def paused(self) -> bool:
        return self.next_at is None


class ScheduleTick(models.Model):
    """A moment at which a schedule was to start, and what came of it. ``missed_from`` is the first start before it that
    nobody was there for.
    """

    class Outcome(models.TextChoices):
        STARTED = "started", "Started"
        SKIPPED = "skipped", "Skipped"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="ticks")
    at = models.DateTimeField()
    taken_at = models.DateTimeField()
    missed_from = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome)
    reason = models.TextField(blank=True)
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = [F("at").desc()]
        constraints = [models.UniqueConstraint(fields=["schedule", "at"], name="schedule_tick_once")]

    def __str__(self) -> str:
        return f"{self.schedule_id} at {self.at:%Y-%m-%d %H:%M:%S}"
