"""Indexes that cost more than they give."""

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, Plain, counted, span, volume

UNUSED_WATCH = 100 << 20
"""Bytes that are not worth keeping for nothing."""

YOUNG = 7 * 86_400.0
"""Seconds of statistics before which "never used" may mean "not this week"."""


def unused(rows: list[Row], facts: Facts) -> Finding:
    count = rows[0].count("indexes") if rows else 0
    total = rows[0].count("all_bytes") if rows else 0
    since = rows[0].number("since_seconds") if rows else None
    young = since is not None and since < YOUNG
    period = f"in the {span(since)} of statistics" if since is not None else "since the statistics began"
    hint = (
        f"Not read {period}: {counted(count, 'index', 'indexes')}, {volume(total)}."
        if rows
        else "Every index is read."
    )
    if rows:
        hint += " Before you drop one, look whether a replica or a monthly job reads it."
    return Finding(
        verdict="watch" if total >= UNUSED_WATCH and not young else "good",
        value=count,
        unit="indexes",
        hint=hint,
        rows=[_index(row) for row in rows],
        figures={"unused_index_bytes": total},
    )


def duplicate(rows: list[Row], facts: Facts) -> Finding:
    groups = rows[0].count("groups") if rows else 0
    return Finding(
        verdict="watch" if rows else "good",
        value=groups,
        unit="groups",
        hint="Indexes of the same table are alike; each is written at every change. Keep one of each group, rather "
        "the one that a constraint needs, and DROP INDEX CONCURRENTLY the others."
        if rows
        else "No two indexes are alike.",
        rows=[
            {
                "schema": row.text("schema_name"),
                "table": row.text("table_name"),
                "indexes": row.text("index_names", 400),
                "copies": row.count("copies"),
                "bytes": row.number("bytes"),
            }
            for row in rows
        ],
        figures={"duplicate_index_groups": groups},
    )


def invalid(rows: list[Row], facts: Facts) -> Finding:
    count = rows[0].count("indexes") if rows else 0
    if facts.replica and rows:
        hint = (
            "Unless one is being built on the primary right now, a build failed there. Look on the primary."
        )
    elif rows:
        hint = (
            "Building an index concurrently failed. It is of no use to any query and still costs every write: "
            "REINDEX INDEX CONCURRENTLY or DROP INDEX CONCURRENTLY each one listed."
        )
    else:
        hint = "Every index is valid."
    return Finding(
        verdict=("watch" if facts.replica else "act") if rows else "good",
        value=count,
        unit="indexes",
        hint=hint,
        rows=[_index(row) for row in rows],
        figures={"invalid_indexes": count},
    )


def _index(row: Row) -> dict[str, Plain]:
    return {
        "schema": row.text("schema_name"),
        "table": row.text("table_name"),
        "index": row.text("index_name"),
        "bytes": row.number("bytes"),
    }
