-- The ten statements of this database that took longest in total, on average, and that ran most often,
-- but for the health checks' own.
-- PostgreSQL 13 and later; primary and replica; pg_read_all_stats
WITH seen AS (
    SELECT
        statement.query, statement.calls, statement.total_exec_time, statement.mean_exec_time, statement.rows
    FROM {pg_stat_statements} AS statement
    WHERE statement.dbid = (
        SELECT database.oid FROM pg_catalog.pg_database AS database
        WHERE database.datname = pg_catalog.current_database()
    )
    AND statement.query <> '<insufficient privilege>'
    AND pg_catalog.left(statement.query, 200) NOT LIKE '%/* meridian health: %'
),
ranked AS (
    SELECT
        seen.*,
        pg_catalog.row_number() OVER (ORDER BY seen.total_exec_time DESC) AS by_total,
        pg_catalog.row_number() OVER (ORDER BY seen.mean_exec_time DESC) AS by_mean,
        pg_catalog.row_number() OVER (ORDER BY seen.calls DESC) AS by_calls,
        pg_catalog.sum(seen.total_exec_time) OVER () AS all_ms,
        pg_catalog.sum(seen.calls) OVER () AS all_calls,
        pg_catalog.count(*) OVER () AS statements
    FROM seen
)
SELECT
    pg_catalog.left(ranked.query, 500) AS query,
    ranked.calls,
    ranked.total_exec_time AS total_ms,
    ranked.mean_exec_time AS mean_ms,
    ranked.rows,
    ranked.by_total,
    ranked.by_mean,
    ranked.by_calls,
    ranked.all_ms,
    ranked.all_calls,
    ranked.statements
FROM ranked
WHERE ranked.by_total <= 10 OR ranked.by_mean <= 10 OR ranked.by_calls <= 10
ORDER BY ranked.by_total
