-- Block reads of this database that PostgreSQL's own cache answered, since its statistics began.
-- PostgreSQL 13 and later; primary and replica; any user
SELECT
    database.blks_hit AS hits,
    database.blks_read AS reads,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - database.stats_reset) AS since_seconds
FROM pg_catalog.pg_stat_database AS database
WHERE database.datname = pg_catalog.current_database()
