-- How far each database is into its transaction ids and multixact ids: at 2^31 the server stops writing.
-- PostgreSQL 13 and later; primary and replica; any user
SELECT
    database.datname AS database,
    pg_catalog.age(database.datfrozenxid) AS xid_age,
    pg_catalog.mxid_age(database.datminmxid) AS multixact_age,
    pg_catalog.current_setting('autovacuum_freeze_max_age')::pg_catalog.int8 AS freeze_max_age,
    pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::pg_catalog.int8 AS multixact_freeze_max_age
FROM pg_catalog.pg_database AS database
ORDER BY
    GREATEST(pg_catalog.age(database.datfrozenxid), pg_catalog.mxid_age(database.datminmxid)) DESC,
    database.datname
LIMIT 10
