-- Who waits for a lock, since when, and who holds it. Others' statements are hidden from a user without
-- pg_read_all_stats; that they wait is not.
-- PostgreSQL 14 and later; primary and replica; any user
WITH waiting AS (
    SELECT lock.pid, pg_catalog.min(lock.waitstart) AS since
    FROM pg_catalog.pg_locks AS lock
    WHERE NOT lock.granted
    GROUP BY lock.pid
    ORDER BY pg_catalog.min(lock.waitstart)
    LIMIT 20
)
SELECT
    waiting.pid,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - waiting.since) AS seconds,
    blocked.usename AS user_name,
    pg_catalog.left(blocked.query, 300) AS query,
    blocking.pid AS blocking_pid,
    blocker.usename AS blocking_user,
    blocker.state AS blocking_state,
    pg_catalog.left(blocker.query, 300) AS blocking_query,
    (SELECT pg_catalog.count(DISTINCT lock.pid) FROM pg_catalog.pg_locks AS lock WHERE NOT lock.granted) AS sessions
FROM waiting
LEFT JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocking (pid) ON true
LEFT JOIN pg_catalog.pg_stat_activity AS blocked ON blocked.pid = waiting.pid
LEFT JOIN pg_catalog.pg_stat_activity AS blocker ON blocker.pid = blocking.pid
ORDER BY 2 DESC NULLS LAST, waiting.pid, blocking.pid
LIMIT 20
