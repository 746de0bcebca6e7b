"""Whether VACUUM keeps up: transaction ids and dead rows."""

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, Verdict, graded, percent, worst

WRAPAROUND = 2**31
AGE_WATCH, AGE_ACT = 40.0, 70.0
"""Percent of the way to the point at which the server stops writing."""

OVERDUE = 1.5
"""Times the age at which autovacuum freezes by itself: past it, something holds it back."""

DEAD_WATCH, DEAD_ACT = 20.0, 50.0
"""Percent of a table's rows."""

FEWEST_DEAD_WATCH, FEWEST_DEAD_ACT = 10_000, 1_000_000


def wraparound(rows: list[Row], facts: Facts) -> Finding:
    ages = [max(row.count("xid_age"), row.count("multixact_age")) for row in rows]
    oldest = max(ages)
    share = percent(oldest, WRAPAROUND)
    overdue = any(
        row.count("xid_age") > OVERDUE * max(row.count("freeze_max_age"), 1)
        or row.count("multixact_age") > OVERDUE * max(row.count("multixact_freeze_max_age"), 1)
        for row in rows
    )
    verdict = worst([graded(share, watch=AGE_WATCH, act=AGE_ACT), "watch" if overdue else "good"])
    where = " on the primary" if facts.replica else ""
    return Finding(
        verdict=verdict,
        value=share,
        unit="%",
        hint=f"The oldest database is {share} % of the way to the last transaction id."
        + (
            ""
            if verdict == "good"
            else f" Run VACUUM (FREEZE) in it{where}, and look for old transactions, prepared transactions and "
            "replication slots that hold it back."
        ),
        rows=[
            {
                "database": row.text("database"),
                "xid_age": row.count("xid_age"),
                "multixact_age": row.count("multixact_age"),
            }
            for row in rows
        ],
        figures={"transaction_id_age": oldest},
    )


def vacuum(rows: list[Row], facts: Facts) -> Finding:
    enabled = rows[0].flag("enabled")
    tables = [row for row in rows if row.text("table_name")]
    verdict = worst([_table_verdict(row) for row in tables] + (["act"] if enabled is False else []))
    dead = rows[0].count("dead_rows")
    if enabled is False:
        hint = (
            "Autovacuum is off: dead rows and transaction ids pile up. Set autovacuum and track_counts to on."
        )
    elif verdict == "good":
        hint = "Autovacuum keeps up with dead rows."
    else:
        hint = (
            "Autovacuum does not keep up. VACUUM (ANALYZE) the tables listed, lower their "
            "autovacuum_vacuum_scale_factor, and look for old transactions that hold it back."
        )
    return Finding(
        verdict=verdict,
        value=dead,
        unit="dead rows",
        hint=hint,
        rows=[
            {
                "schema": row.text("schema_name"),
                "table": row.text("table_name"),
                "live_rows": row.number("live_rows"),
                "dead_rows": row.number("dead_rows"),
                "since_vacuum_seconds": row.number("since_vacuum_seconds"),
                "autovacuum_excluded": row.flag("excluded"),
            }
            for row in tables
        ],
        figures={"dead_rows_worst": dead},
    )


def _table_verdict(row: Row) -> Verdict:
    """Many dead rows, of which a small table has many soon and a large one always some."""
    dead = row.count("dead_rows")
    share = percent(dead, dead + row.count("live_rows")) or 0.0
    if dead >= FEWEST_DEAD_ACT and share >= DEAD_ACT:
        return "act"
    return "watch" if dead >= FEWEST_DEAD_WATCH and share >= DEAD_WATCH else "good"
