-- Sessions that opened a transaction and then went quiet, with their last statement. A user without
-- pg_read_all_stats sees the state of their own sessions only.
-- PostgreSQL 13 and later; primary and replica; any user
SELECT
    activity.pid,
    activity.usename AS user_name,
    activity.datname AS database,
    activity.application_name,
    activity.state,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - activity.state_change) AS seconds,
    pg_catalog.left(activity.query, 300) AS query,
    pg_catalog.count(*) OVER () AS sessions
FROM pg_catalog.pg_stat_activity AS activity
WHERE activity.state LIKE 'idle in transaction%'
  AND activity.pid <> pg_catalog.pg_backend_pid()
ORDER BY activity.state_change
LIMIT 10
