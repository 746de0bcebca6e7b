"""The newest result of many connections at once, with no more of each than a list or the head of a page shows.

A row of `Latest` has fifty columns; making a thousand of them takes longer than the database does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from probes.history.figures import figures
from probes.models.results import Blame


@dataclass(slots=True)
class Glance(Blame):
    """Columns of `probes.models.Measured`, which says what they mean."""

    connection_id: int
    vantage: str
    kind: str
    run_id: UUID
    finished_at: datetime
    ok: bool
    error_code: str
    error_phase: str
    sqlstate: str
    message: str
    hint: str
    dns_ms: float | None
    tcp_ms: float | None
    tls_ms: float | None
    auth_ms: float | None
    query_ms: float | None
    total_ms: float | None
    strained: bool
    simulated: bool
    synthetic: bool
    server_version: str
    tls_version: str


_QUESTION = f"""
    SELECT {", ".join(field.name for field in fields(Glance))} FROM probes_latest
    WHERE connection_id = ANY(%(ids)s::bigint[]) AND vantage = %(vantage)s AND kind = %(kind)s
"""  # noqa: S608 - made of our own words


def glances_of(connection_ids: Iterable[int], vantage: str, kind: str) -> dict[int, Glance]:
    """By connection; one that was never tested so is not in it. One query, and one row each."""
    asked = {"ids": list(connection_ids), "vantage": vantage, "kind": kind}
    return {row[0]: Glance(*row) for row in figures(_QUESTION, asked)}
