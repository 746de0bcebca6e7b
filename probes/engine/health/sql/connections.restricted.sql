-- The same for a user to whom other users' sessions show neither their type nor their state: what is counted
-- is every process that works for a user, so parallel workers may be among them.
-- PostgreSQL 13 and later; primary and replica; any user
WITH sessions AS (
    SELECT COALESCE(activity.state, 'not shown') AS state, activity.datname, activity.usename
    FROM pg_catalog.pg_stat_activity AS activity
    WHERE activity.backend_type = 'client backend'
       OR (activity.backend_type IS NULL AND activity.usesysid IS NOT NULL)
)
SELECT
    sessions.state,
    pg_catalog.count(*) AS sessions,
    pg_catalog.count(*) FILTER (WHERE sessions.datname = pg_catalog.current_database()) AS database_sessions,
    pg_catalog.count(*) FILTER (WHERE sessions.usename = CURRENT_USER) AS user_sessions,
    pg_catalog.current_setting('max_connections')::pg_catalog.int4 AS max_connections,
    pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4
    + COALESCE(pg_catalog.current_setting('reserved_connections', true), '0')::pg_catalog.int4 AS reserved,
    (
        SELECT database.datconnlimit FROM pg_catalog.pg_database AS database
        WHERE database.datname = pg_catalog.current_database()
    ) AS database_limit,
    (
        SELECT role.rolconnlimit FROM pg_catalog.pg_roles AS role WHERE role.rolname = CURRENT_USER
    ) AS user_limit
FROM sessions
GROUP BY sessions.state
ORDER BY pg_catalog.count(*) DESC
LIMIT 20
