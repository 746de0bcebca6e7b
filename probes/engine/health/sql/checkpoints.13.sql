-- Checkpoints that came by the clock and those that the amount of writing forced. On a replica they are restart
-- points.
-- PostgreSQL 13 to 16; primary and replica; any user
SELECT
    writer.checkpoints_timed AS timed,
    writer.checkpoints_req AS requested,
    writer.checkpoint_write_time AS write_ms,
    writer.checkpoint_sync_time AS sync_ms,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - writer.stats_reset) AS since_seconds
FROM pg_catalog.pg_stat_bgwriter AS writer
