"""Which statements take the time, from pg_stat_statements."""

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, percent, unknown

OLDEST_VERSION = (1, 8)
"""Of the extension: before it its columns had other names. It comes with PostgreSQL 13 but is not updated by itself."""

SLOW_MS, OFTEN = 1_000.0, 100
RANKS = 10


def without_extension(facts: Facts) -> Finding | None:
    """What is missing for statements to be known; None when nothing is."""
    if not facts.statements_schema:
        return unknown(
            "Which statements take the time is not known: the extension pg_stat_statements is not in this "
            "database."
            + ("" if facts.preloaded else " Its library must be loaded when the server starts as well."),
            needs="CREATE EXTENSION pg_stat_statements;"
            if facts.preloaded
            else "Add pg_stat_statements to shared_preload_libraries, restart the server, then "
            "CREATE EXTENSION pg_stat_statements;",
        )
    if facts.preloaded is False:
        return unknown(
            "The extension pg_stat_statements is there, but its library was not loaded when the server started.",
            needs="Add pg_stat_statements to shared_preload_libraries and restart the server.",
        )
    if _version(facts.statements_version) < OLDEST_VERSION:
        return unknown(
            "The extension pg_stat_statements is older than the server.",
            needs="ALTER EXTENSION pg_stat_statements UPDATE;",
        )
    return None


def statements(rows: list[Row], facts: Facts) -> Finding:
    if not rows and not facts.sees_all:
        return unknown("This user may see no statement but its own, and has none.", needs=facts.grant)
    slow = [
        row
        for row in rows
        if (row.number("mean_ms") or 0) >= SLOW_MS and row.count("calls") >= OFTEN and row.text("query")
    ]
    total, calls = (rows[0].number("all_ms"), rows[0].number("all_calls")) if rows else (None, None)
    mean = round(total / calls, 3) if total is not None and calls else None
    return Finding(
        verdict="watch" if slow else "good",
        value=mean,
        unit="ms",
        hint=_hint(len(slow), facts),
        needs="" if facts.sees_all else facts.grant,
        rows=[_statement(row) for row in rows],
        figures={"statements_mean_ms": mean, "statements_calls": calls, "statements_total_ms": total},
    )


def _hint(slow: int, facts: Facts) -> str:
    hint = "The mean time of all statements; the list has those that take most in total, each, or run most often."
    if slow:
        hint += f" {slow} of them run often and take a second or more: EXPLAIN (ANALYZE, BUFFERS) them."
    if not facts.sees_all:
        hint += " Only this user's own statements can be seen."
    return hint


def _statement(row: Row) -> dict[str, str | float | int | None]:
    ranks = {by: row.number(f"by_{by}") for by in ("total", "mean", "calls")}
    return {
        "query": row.statement("query"),
        "calls": row.number("calls"),
        "total_ms": row.number("total_ms"),
        "mean_ms": row.number("mean_ms"),
        "rows": row.number("rows"),
        "share": percent(row.number("total_ms"), row.number("all_ms")),
        # Its place in each of the three lists; None when it is not in it.
        **{f"by_{by}": rank if rank is not None and rank <= RANKS else None for by, rank in ranks.items()},
    }


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
