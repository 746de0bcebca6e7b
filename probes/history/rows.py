"""Outcomes as rows."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django.db.models import BigIntegerField, IntegerField

from probes.engine.outcome import Outcome, Server, Summary
from probes.models import Result, Run

UNITLESS = {"samples", "failures", "rate"}
FIGURES = ("cache_hit_ratio", "connections_used", "connections_limit", "size_bytes", "lag_seconds")
LARGEST: dict[type, int] = {IntegerField: 2**31 - 1, BigIntegerField: 2**63 - 1}


def result_from(run: Run, connection_id: int, vantage: str, outcome: Outcome, simulated: bool) -> Result:
    """The row of one outcome of a run."""
    result = unsaved(outcome)
    result.issued_at, result.run_id = run.created_at, run.pk
    result.connection_id, result.vantage = connection_id, vantage
    result.simulated = simulated
    return result


def unsaved(outcome: Outcome) -> Result:
    """An outcome as a row that belongs to no run: to show it, or to complete it. Texts are cut to their columns."""
    failure, times = outcome.failure, outcome.timings
    return Result(
        kind=outcome.kind,
        ok=outcome.ok,
        error_code=failure.code if failure else "",
        error_phase=failure.phase if failure else "",
        sqlstate=_text(failure.sqlstate, 5) if failure else "",
        message=_text(failure.message) if failure else "",
        hint=failure.hint if failure else "",
        dns_ms=times.dns,
        tcp_ms=times.tcp,
        tls_ms=times.tls,
        auth_ms=times.auth,
        query_ms=times.query,
        total_ms=times.total,
        queue_ms=outcome.queue_ms,
        started_at=outcome.started,
        finished_at=outcome.finished,
        strained=outcome.strained,
        detail=_storable(dict(outcome.detail)),
        **_server_columns(outcome.server),
        **_summary_columns(outcome.summary),
        **_figure_columns(outcome.detail.get("figures")),
    )


def _text(text: str, longest: int | None = None) -> str:
    """A server may send what PostgreSQL does not take as text: one such result must not fail its whole batch."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:longest]


def _storable(value: Any) -> Any:
    """The same, for whatever JSON holds. A number that is none becomes null."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_text(str(key)): _storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    return value


def _server_columns(server: Server) -> dict[str, Any]:
    return {
        "server_version": _text(server.version, 200),
        "server_address": _text(server.address, 200),
        "backend_pid": server.backend_pid,
        "in_recovery": server.in_recovery,
        "pooler": _text(server.pooler, 64),
        "tls_version": _text(server.tls_version, 32),
        "tls_cipher": _text(server.tls_cipher, 64),
    }


def _summary_columns(summary: Summary | None) -> dict[str, Any]:
    if summary is None:
        return {}
    return {
        field.name if field.name in UNITLESS else f"{field.name}_ms": getattr(summary, field.name)
        for field in fields(Summary)
    }


def _figure_columns(figures: Any) -> dict[str, float | int | None]:
    """Health's figures come from a stranger's server: what its column cannot hold is left out, not the whole batch."""
    if not isinstance(figures, Mapping):
        return {}
    return {name: _held(name, figures.get(name)) for name in FIGURES}


def _held(name: str, value: Any) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    largest = LARGEST.get(type(Result._meta.get_field(name)))
    if largest is None:
        return float(value)
    return int(value) if abs(value) <= largest else None
