-- What queries of this database wrote to disk because work_mem did not hold it, since its statistics began.
-- PostgreSQL 13 and later; primary and replica; any user
SELECT
    database.temp_files AS files,
    database.temp_bytes AS bytes,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - database.stats_reset) AS since_seconds,
    pg_catalog.current_setting('work_mem') AS work_mem
FROM pg_catalog.pg_stat_database AS database
WHERE database.datname = pg_catalog.current_database()
