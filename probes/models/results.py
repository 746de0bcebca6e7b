"""Results: what each probe found, for ever and newest."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from connections.models import Connection
from probes.engine.errors import OURS
from probes.models.runs import Kind, Run


def is_ours(error_code: str, error_phase: str) -> bool:
    """Whether a failure was our own side's, so that it says nothing about the database."""
    return error_phase == "worker" or error_code in OURS


class Blame:
    """Whose failure it was: shared by rows and by what is read of them."""

    __slots__ = ()
    error_code: str
    error_phase: str

    @property
    def ours(self) -> bool:
        return is_ours(self.error_code, self.error_phase)


class Measured(Blame, models.Model):
    """What one probe found, flat: the columns that `Result` keeps for ever and `Latest` keeps once.

    Durations are milliseconds, ``rate`` is samples a second, ``cache_hit_ratio`` is 0 to 1; a null is "not reached" or
    "does not exist", never zero. ``synthetic`` rows were made by the generator, not measured. ``message`` and every
    server fact are untrusted text.
    """

    issued_at = models.DateTimeField()
    run_id = models.UUIDField()
    kind = models.CharField(max_length=16, choices=Kind)
    ok = models.BooleanField()
    error_code = models.CharField(max_length=48, blank=True)
    error_phase = models.CharField(max_length=16, blank=True)
    sqlstate = models.CharField(max_length=5, blank=True)
    message = models.TextField(blank=True)
    hint = models.TextField(blank=True)
    dns_ms = models.FloatField(null=True)
    tcp_ms = models.FloatField(null=True)
    tls_ms = models.FloatField(null=True)
    auth_ms = models.FloatField(null=True)
    query_ms = models.FloatField(null=True)
    total_ms = models.FloatField(null=True)
    queue_ms = models.FloatField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    strained = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False)
    server_version = models.CharField(max_length=200, blank=True)
    server_address = models.CharField(max_length=200, blank=True)
    backend_pid = models.BigIntegerField(null=True)
    in_recovery = models.BooleanField(null=True)
    pooler = models.CharField(max_length=64, blank=True)
    tls_version = models.CharField(max_length=32, blank=True)
    tls_cipher = models.CharField(max_length=64, blank=True)
    samples = models.IntegerField(null=True)
    failures = models.IntegerField(null=True)
    min_ms = models.FloatField(null=True)
    mean_ms = models.FloatField(null=True)
    p50_ms = models.FloatField(null=True)
    p95_ms = models.FloatField(null=True)
    p99_ms = models.FloatField(null=True)
    max_ms = models.FloatField(null=True)
    stddev_ms = models.FloatField(null=True)
    rate = models.FloatField(null=True)
    cache_hit_ratio = models.FloatField(null=True)
    connections_used = models.IntegerField(null=True)
    connections_limit = models.IntegerField(null=True)
    size_bytes = models.BigIntegerField(null=True)
    lag_seconds = models.FloatField(null=True)
    synthetic = models.BooleanField(default=False)
    detail = models.JSONField(default=dict)

    class Meta:
        abstract = True

    @property
    def latency_ms(self) -> float | None:
        """How far the database is: the median of many round trips when they were taken, else the one query."""
        return self.query_ms if self.p50_ms is None else self.p50_ms


class ResultQuerySet(models.QuerySet["Result"]):
    def of_run(self, run: Run) -> Self:
        return self.filter(issued_at=run.created_at, run_id=run.pk)

    def of_connection(self, connection_id: int) -> Self:
        return self.filter(connection_id=connection_id).order_by("-issued_at")


class Result(Measured):
    """An outcome in the history. ``issued_at`` is its run's, so that a second delivery meets the same key.

    No foreign key leads out of it: one orphan would fail a whole batch, and deleting a connection would be slow.
    """

    pk = models.CompositePrimaryKey("issued_at", "run_id", "connection_id", "vantage")
    connection_id = models.BigIntegerField()
    vantage = models.CharField(max_length=32)

    objects = ResultQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(F("connection_id"), F("issued_at").desc(), name="result_by_connection"),
            models.Index(F("issued_at").desc(), name="result_failed", condition=Q(ok=False)),
            # A chart of failures is read from this one alone: the rows themselves lie scattered.
            models.Index(
                fields=["connection_id", "-issued_at"],
                include=["kind", "vantage", "error_code", "error_phase"],
                name="result_failed_by_connection",
                condition=Q(ok=False),
            ),
            models.Index(
                fields=["kind", "-issued_at"], name="result_rare_kind", condition=~Q(kind=Kind.CONNECTION)
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.kind} of {self.connection_id} from {self.vantage} at {self.issued_at:%Y-%m-%d %H:%M:%S}"
        )


class Latest(Measured):
    """The newest result of each connection, vantage and kind, so that a list of a thousand reads a thousand rows."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="latest")
    vantage = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "vantage", "kind"], name="latest_is_one")
        ]

    def __str__(self) -> str:
        return f"latest {self.kind} of {self.connection_id} from {self.vantage}"
