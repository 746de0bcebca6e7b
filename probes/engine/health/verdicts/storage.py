"""What is read from the cache, what is written beside it, and how large it all is."""

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, graded, percent, span, volume, worst

CACHE_WATCH, CACHE_ACT = 99.0, 90.0
"""Percent of block reads below which the cache is too small for the work."""

FEWEST_READS = 100_000
"""Block reads before which the share says nothing."""

TEMP_WATCH, TEMP_ACT = 1 << 30, 20 << 30
"""Bytes an hour."""

TEMP_TOTAL_WATCH = 10 << 30
FORCED_WATCH = 50.0
FEWEST_CHECKPOINTS = 10


def cache_hits(rows: list[Row], facts: Facts) -> Finding:
    row = rows[0]
    hits, reads = row.count("hits"), row.count("reads")
    share = percent(hits, hits + reads)
    figures = {
        "cache_hit_percent": share,
        "cache_hit_ratio": round(share / 100, 4) if share is not None else None,
    }
    if share is None or hits + reads < FEWEST_READS:
        return Finding(
            verdict="unknown",
            value=share,
            unit="%",
            hint="Too little has been read since the statistics began to judge the cache.",
            figures=figures,
        )
    verdict = graded(-share, watch=-CACHE_WATCH, act=-CACHE_ACT)
    return Finding(
        verdict="good" if share >= CACHE_WATCH else verdict,
        value=share,
        unit="%",
        hint="Nearly every block that is read is in memory."
        if share >= CACHE_WATCH
        else "Many blocks come from outside PostgreSQL's memory. Raise shared_buffers, or look for statements that "
        "read whole tables. Analytical work reads so by nature.",
        figures=figures,
    )


def database_size(rows: list[Row], facts: Facts) -> Finding:
    size = rows[0].number("bytes")
    return Finding(
        verdict="good" if size is not None else "unknown",
        value=size,
        unit="bytes",
        hint=f"The database takes {volume(size)}. Its largest tables are listed as the last VACUUM or ANALYZE saw "
        "them, without indexes."
        if size is not None
        else "The server does not tell the size of this database.",
        rows=[
            {
                "schema": row.text("schema_name"),
                "table": row.text("table_name"),
                "bytes": row.number("table_bytes"),
            }
            for row in rows
            if row.text("table_name")
        ],
        figures={"size_bytes": size},
    )


def temp_files(rows: list[Row], facts: Facts) -> Finding:
    row = rows[0]
    written, since = row.count("bytes"), row.number("since_seconds")
    hourly = written / max(since, 3600.0) * 3600 if since is not None else None
    verdict = worst(
        [
            graded(hourly or 0, watch=TEMP_WATCH, act=TEMP_ACT),
            "watch" if hourly is None and written >= TEMP_TOTAL_WATCH else "good",
        ]
    )
    period = f"in {span(since)}" if since is not None else "since the statistics began"
    return Finding(
        verdict=verdict,
        value=written,
        unit="bytes",
        hint=f"Queries wrote {volume(written)} to {row.count('files')} temporary files {period}."
        + (
            ""
            if verdict == "good"
            else f" work_mem is {row.text('work_mem')}: raise it for the sessions that sort or "
            "join much, or spare them the work with an index."
        ),
        figures={"temp_bytes": written, "temp_files": row.count("files"), "temp_bytes_per_hour": hourly},
    )


def checkpoints(rows: list[Row], facts: Facts) -> Finding:
    row = rows[0]
    timed, requested = row.count("timed"), row.count("requested")
    share = percent(requested, timed + requested)
    too_few = timed + requested < FEWEST_CHECKPOINTS
    often = share is not None and share >= FORCED_WATCH and not too_few
    what = "restart points" if facts.replica else "checkpoints"
    return Finding(
        verdict="watch" if often else "good",
        value=share if share is not None else 0.0,
        unit="%",
        hint=f"{requested} of {timed + requested} {what} were forced before their time."
        + (" Raise max_wal_size, so that writing is spread out." if often else ""),
        rows=[
            {
                "timed": timed,
                "requested": requested,
                "write_ms": row.number("write_ms"),
                "sync_ms": row.number("sync_ms"),
                "since_seconds": row.number("since_seconds"),
            }
        ],
        figures={"checkpoints_timed": timed, "checkpoints_requested": requested},
    )
