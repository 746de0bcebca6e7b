"""How far replicas are behind, seen from the primary and from the replica."""

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, Verdict, counted, graded, span, volume, worst

LAG_WATCH, LAG_ACT = 10.0, 300.0
"""Seconds."""

BYTES_WATCH, BYTES_ACT = 64 << 20, 1 << 30
BYTES_FLOOR = 64 << 10
"""About what a quiet server writes by itself: a replica that is no further behind than that misses nothing."""

IDLE_SLOT_WATCH, IDLE_SLOT_ACT = 1 << 30, 10 << 30
RUNNING_SLOT_WATCH = 10 << 30


def replication(rows: list[Row], facts: Facts) -> Finding:
    return _of_replica(rows[0]) if facts.replica else _of_primary(rows, facts)


def _of_primary(rows: list[Row], facts: Facts) -> Finding:
    if not rows:
        return Finding(
            verdict="good",
            unit="s",
            hint="This is a primary, and no replica receives from it right now.",
            figures={"replicas": 0, "lag_seconds": None},
        )
    count = rows[0].count("replicas")
    shown = [row for row in rows if row.text("state")]
    lag = max((row.number("lag_seconds") or 0.0 for row in shown), default=None)
    behind = max((row.count("lag_bytes") for row in shown), default=None)
    catching_up = any(row.text("state") != "streaming" for row in shown)
    each = [_behind(row.number("lag_seconds") or 0.0, row.count("lag_bytes")) for row in shown]
    verdict = worst([*each, "watch" if catching_up else "good"])
    return Finding(
        verdict=verdict if shown else "unknown",
        value=lag if shown else None,
        unit="s",
        hint=f"Receiving from this primary: {counted(count, 'replica', 'replicas')}"
        + (
            f", the last {span(lag)} and {volume(behind or 0)} behind. {_advice(verdict)}"
            if shown
            else "; how far they are behind is hidden."
        ),
        needs="" if facts.sees_all else facts.grant,
        rows=[_replica(row) for row in rows],
        figures={"replicas": count, "lag_seconds": lag, "lag_bytes": behind},
    )


def _of_replica(row: Row) -> Finding:
    """Replaying all that was received is no lag while more can come; without a receiver the last transaction counts."""
    receiving, replayed_all = row.flag("receiving"), row.flag("replayed_all")
    quiet = row.number("since_last_transaction_seconds")
    behind = row.number("lag_bytes")
    if receiving:
        lag = 0.0 if replayed_all else quiet
        verdict = _behind(lag, behind)
        hint = f"This is a replica, {span(lag)} behind what it receives. {_advice(verdict)}"
    else:
        lag = quiet
        # What it has received tells nothing of what it has not.
        verdict = "unknown" if quiet is None else worst(["watch", _late(lag), _behind(lag, behind)])
        hint = (
            f"This is a replica that receives from no primary right now; its last transaction is {span(quiet)} old. "
            "If it restores from an archive that may be right; else check primary_conninfo and its log."
        )
    if row.flag("paused"):
        verdict = worst([verdict, "act"])
        hint += " Replay is paused: SELECT pg_wal_replay_resume() continues it."
    return Finding(
        verdict=verdict,
        value=lag,
        unit="s",
        hint=hint,
        figures={"lag_seconds": lag, "lag_bytes": behind},
    )


def slots(rows: list[Row], facts: Facts) -> Finding:
    retained = max((row.count("retained_bytes") for row in rows), default=0)
    verdict = worst([_slot_verdict(row) for row in rows])
    if not rows:
        hint = "There is no replication slot."
    elif verdict == "good":
        hint = f"No slot keeps back more than {volume(retained)} of write-ahead log."
    else:
        hint = (
            f"A slot keeps back {volume(retained)} of write-ahead log, or has lost what it needs. Start its consumer "
            "again, or drop it with pg_drop_replication_slot before the disk is full; max_slot_wal_keep_size limits it."
        )
    return Finding(
        verdict=verdict,
        value=retained,
        unit="bytes",
        hint=hint,
        rows=[
            {
                "slot": row.text("slot_name"),
                "type": row.text("slot_type"),
                "database": row.text("database"),
                "active": row.flag("active"),
                "wal_status": row.text("wal_status"),
                "retained_bytes": row.number("retained_bytes"),
            }
            for row in rows
        ],
        figures={"wal_retained_bytes": retained},
    )


def _slot_verdict(row: Row) -> Verdict:
    if row.text("wal_status") in ("lost", "unreserved"):
        return "act"
    retained = row.count("retained_bytes")
    if row.flag("active"):
        return graded(retained, watch=RUNNING_SLOT_WATCH, act=float("inf"))
    return graded(retained, watch=IDLE_SLOT_WATCH, act=IDLE_SLOT_ACT)


def _behind(seconds: float | None, size: float | None) -> Verdict:
    """Far behind, or late with something to replay: on a quiet server the seconds alone mean nothing."""
    if size is None:
        return _late(seconds)
    far = graded(size, watch=BYTES_WATCH, act=BYTES_ACT)
    return worst([far, _late(seconds)]) if size > BYTES_FLOOR else far


def _late(seconds: float | None) -> Verdict:
    return graded(seconds, watch=LAG_WATCH, act=LAG_ACT)


def _advice(verdict: Verdict) -> str:
    if verdict in ("good", "unknown"):
        return "That is fine." if verdict == "good" else ""
    return "Look at the network, at the replica's disk, and at long queries on it."


def _replica(row: Row) -> dict[str, str | float | int | None]:
    return {
        "application": row.text("application_name"),
        "address": row.text("address"),
        "state": row.text("state"),
        "sync_state": row.text("sync_state"),
        "lag_seconds": row.number("lag_seconds"),
        "lag_bytes": row.number("lag_bytes"),
    }
