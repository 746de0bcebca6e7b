"""Runs, and the outbox of jobs that carries them out."""

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Self, cast
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from connections.models import Region
from probes.engine import outcome

MOST_ATTEMPTS = 3


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562): 48 bits of Unix milliseconds, then chance. Keeps new rows together in an index."""
    chance = secrets.randbits(80)
    value = (time.time_ns() // 1_000_000) << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


class Kind(models.TextChoices):
    CONNECTION = "connection", "Connection"
    LATENCY = "latency", "Latency"
    LOAD = "load", "Load"
    HEALTH = "health", "Health"

    @property
    def of_engine(self) -> outcome.Kind:
        """The kind as the engine names it; the values are the same words."""
        return cast(outcome.Kind, self.value)


class VantageQuerySet(models.QuerySet["Vantage"]):
    def active(self) -> Self:
        """Those that runs are accepted for."""
        return self.filter(active=True)


class Vantage(models.Model):
    """A place that probes run from: one worker pool in one region."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=64, blank=True)
    region = models.ForeignKey(Region, null=True, blank=True, on_delete=models.SET_NULL)
    active = models.BooleanField(default=True)

    objects = VantageQuerySet.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name or self.code


class RunQuerySet(models.QuerySet["Run"]):
    def open(self) -> Self:
        return self.filter(finished_at=None)

    def newest_first(self) -> Self:
        """In an order in which no two runs share a place."""
        return self.order_by("-created_at", "-pk")

    def older_than(self, run: "Run") -> Self:
        return self.filter(Q(created_at__lt=run.created_at) | Q(created_at=run.created_at, pk__lt=run.pk))

    def newer_than(self, run: "Run") -> Self:
        return self.filter(Q(created_at__gt=run.created_at) | Q(created_at=run.created_at, pk__gt=run.pk))

    def of_connection(self, connection_id: int) -> Self:
        """Those that asked for a test of it."""
        jobs = Job.objects.filter(run=OuterRef("pk"), connection_ids__contains=[connection_id])
        return self.filter(Exists(jobs))


class Run(models.Model):
    """One request: a kind, some connections, some vantages, and who or what asked.

    ``everything`` says that all connections at once were meant, which has a switch of its own.
    ``done`` and ``failed`` count results and change only in the transaction that adds them, under the row's lock.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        CANCELLED = "cancelled", "Cancelled"

    class Source(models.TextChoices):
        PAGE = "page", "Page"
        API = "api", "API"
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command line"
        SCHEDULE = "schedule", "Schedule"
        SAVED = "saved", "Saved connection"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=16, choices=Kind)
    params = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=16, choices=Source)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    schedule = models.ForeignKey(
        "probes.Schedule", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    everything = models.BooleanField(default=False, db_default=False, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        permissions = [
            ("run_own_sql", "Can run statements of their own in load tests"),
            ("take_all_slots", "Can let a load test take every free slot of a server"),
            ("make_scratch", "Can make and drop the scratch table that load tests read"),
        ]
        indexes = [
            models.Index(F("created_at").desc(), name="run_newest"),
            models.Index(fields=["created_at"], name="run_open", condition=Q(finished_at=None)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="run_done_within_total"),
            models.CheckConstraint(condition=Q(failed__lte=F("done")), name="run_failed_within_done"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} run of {self.created_at:%Y-%m-%d %H:%M:%S}"

    @property
    def kind_of_probe(self) -> outcome.Kind:
        return Kind(self.kind).of_engine

    @property
    def is_open(self) -> bool:
        return self.finished_at is None

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.finished_at or timezone.now()) - self.created_at).total_seconds()

    def count(self, done: int, failed: int) -> None:
        """Adds results to the totals and moves the state along. The caller holds the row's lock."""
        self.done += done
        self.failed += failed
        if self.is_open:
            self.state = self.State.RUNNING
            if self.done >= self.total:
                self.state, self.finished_at = self.State.FINISHED, timezone.now()
        self.save(update_fields=["done", "failed", "state", "finished_at"])


class JobQuerySet(models.QuerySet["Job"]):
    def unpublished(self) -> Self:
        return self.filter(published_at=None, settled_at=None)

    def due(self) -> Self:
        """Published, not settled, and silent past the moment at which somebody should look."""
        return self.filter(settled_at=None, due_at__lte=Now())

    def postpone(self, look_again: timedelta) -> int:
        return self.update(due_at=Now() + look_again)

    def settle(self) -> int:
        return self.filter(settled_at=None).update(settled_at=Now())


class Job(models.Model):
    """A row of the outbox: one message, a batch of probes of one run from one vantage.

    It is settled once each of its connections has a result or another job took it over.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="jobs")
    vantage = models.CharField(max_length=32)
    connection_ids = ArrayField(models.BigIntegerField())
    attempt = models.PositiveSmallIntegerField(default=1)
    published_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["due_at"], name="job_unsettled", condition=Q(settled_at=None))]
        constraints = [
            models.CheckConstraint(
                condition=Q(attempt__range=(1, MOST_ATTEMPTS)), name="job_attempts_are_bounded"
            )
        ]

    def __str__(self) -> str:
        return f"Job {self.id}, attempt {self.attempt}"

    @classmethod
    def take_to_publish(cls, jobs: Sequence[Self], look_again: timedelta) -> list[Self]:
        """Those of the jobs that the caller now has the right to publish; only one publisher gets it.

        ``look_again`` sets when the reaper looks.
        """
        # The ORM has no RETURNING for an update.
        take = """
            UPDATE probes_job
            SET published_at = statement_timestamp(), due_at = statement_timestamp() + make_interval(secs => %s)
            WHERE id = ANY(%s) AND published_at IS NULL AND settled_at IS NULL RETURNING id
        """
        with connection.cursor() as cursor:
            cursor.execute(take, [look_again.total_seconds(), [job.pk for job in jobs]])
            taken = {pk for (pk,) in cursor}
        return [job for job in jobs if job.pk in taken]

    @classmethod
    def give_back(cls, jobs: Sequence[Self]) -> None:
        """The broker did not take them: they wait in the outbox again."""
        ids = [job.pk for job in jobs]
        cls.objects.filter(pk__in=ids, settled_at=None).update(published_at=None, due_at=None)
