-- This database on disk, and its largest tables. A table's size is what the last VACUUM or ANALYZE noted, without
-- indexes: to measure it would need a lock on it.
-- PostgreSQL 13 and later; primary and replica; any user
WITH largest AS (
    SELECT
        namespace.nspname AS schema_name,
        class.relname AS table_name,
        class.relpages::pg_catalog.int8
        * pg_catalog.current_setting('block_size')::pg_catalog.int8 AS table_bytes
    FROM pg_catalog.pg_class AS class
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE class.relkind IN ('r', 'm')
      AND class.relpages > 0
      AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY class.relpages DESC
    LIMIT 10
)
SELECT size.bytes, largest.schema_name, largest.table_name, largest.table_bytes
FROM (SELECT pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes) AS size
LEFT JOIN largest ON true
ORDER BY largest.table_bytes DESC NULLS LAST
