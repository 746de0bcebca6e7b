-- The oldest transactions at work, and those prepared for two-phase commit that nobody has ended. A user without
-- pg_read_all_stats sees when a transaction began for their own sessions only.
-- PostgreSQL 13 and later; primary and replica; any user
WITH transactions AS (
    SELECT
        activity.pid,
        activity.usename AS user_name,
        activity.datname AS database,
        activity.application_name,
        activity.state,
        pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - activity.xact_start) AS seconds,
        pg_catalog.left(activity.query, 300) AS query
    FROM pg_catalog.pg_stat_activity AS activity
    WHERE activity.backend_type = 'client backend'
      AND activity.xact_start IS NOT NULL
      AND activity.pid <> pg_catalog.pg_backend_pid()
      AND activity.state NOT LIKE 'idle in transaction%'
    UNION ALL
    SELECT
        NULL,
        prepared.owner,
        prepared.database,
        NULL,
        'prepared',
        pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - prepared.prepared),
        pg_catalog.left(prepared.gid, 300)
    FROM pg_catalog.pg_prepared_xacts AS prepared
)
SELECT transactions.*
FROM transactions
ORDER BY transactions.seconds DESC
LIMIT 10
