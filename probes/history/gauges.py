"""The newest result of everything, in columns: for monitoring, which reads all of it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

from django.db.models import FloatField
from django.db.models.functions import Cast, Extract

from probes.models import Latest
from probes.models.results import is_ours


@dataclass(frozen=True, slots=True)
class Gauges:
    """One entry a connection, vantage and kind in each column, as `probes.models.Measured` defines them.

    ``region`` is a code, None without one; ``finished`` is in seconds since 1970, which PostgreSQL makes of it more quickly.
    """

    connection: Sequence[str]
    provider: Sequence[str]
    region: Sequence[str | None]
    vantage: Sequence[str]
    kind: Sequence[str]
    finished: Sequence[float]
    ok: Sequence[bool]
    error_code: Sequence[str]
    error_phase: Sequence[str]
    dns_ms: Sequence[float | None]
    tcp_ms: Sequence[float | None]
    tls_ms: Sequence[float | None]
    auth_ms: Sequence[float | None]
    query_ms: Sequence[float | None]
    total_ms: Sequence[float | None]
    queue_ms: Sequence[float | None]
    p50_ms: Sequence[float | None]
    p95_ms: Sequence[float | None]
    p99_ms: Sequence[float | None]
    rate: Sequence[float | None]
    cache_hit_ratio: Sequence[float | None]
    connections_used: Sequence[int | None]
    connections_limit: Sequence[int | None]
    size_bytes: Sequence[int | None]
    lag_seconds: Sequence[float | None]

    @property
    def ours(self) -> Sequence[bool]:
        """Whether it was our own side that failed."""
        return [is_ours(code, phase) for code, phase in zip(self.error_code, self.error_phase, strict=True)]

    @classmethod
    def newest(cls) -> Self:
        """One query. Only of active connections: what is paused tells nothing new."""
        shown = Latest.objects.filter(connection__active=True, connection__deleted_at=None)
        rows = shown.order_by("connection_id").values_list(*_COLUMNS)
        columns = zip(*rows, strict=True)
        return cls(*(tuple(columns) or ((),) * len(_COLUMNS)))


_ELSEWHERE: Mapping[str, str | Cast] = {
    "connection": "connection__name",
    "provider": "connection__provider",
    "region": "connection__region__code",
    "finished": Cast(Extract("finished_at", "epoch"), FloatField()),
}
_COLUMNS = [_ELSEWHERE.get(field.name, field.name) for field in fields(Gauges)]
