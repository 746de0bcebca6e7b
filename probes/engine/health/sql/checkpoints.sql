-- The same, where they have a view of their own.
-- PostgreSQL 17 and later; primary and replica; any user
SELECT
    CASE WHEN pg_catalog.pg_is_in_recovery()
        THEN checkpointer.restartpoints_timed ELSE checkpointer.num_timed END AS timed,
    CASE WHEN pg_catalog.pg_is_in_recovery()
        THEN checkpointer.restartpoints_req ELSE checkpointer.num_requested END AS requested,
    checkpointer.write_time AS write_ms,
    checkpointer.sync_time AS sync_ms,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - checkpointer.stats_reset) AS since_seconds
FROM pg_catalog.pg_stat_checkpointer AS checkpointer
