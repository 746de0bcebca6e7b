-- Sessions of clients by state, against the limits of the server, of this database and of this user.
-- PostgreSQL 13 and later; primary and replica; pg_read_all_stats
WITH sessions AS (
    SELECT COALESCE(activity.state, 'unknown') AS state, activity.datname, activity.usename
    FROM pg_catalog.pg_stat_activity AS activity
    WHERE activity.backend_type = 'client backend'
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
