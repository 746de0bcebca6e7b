-- Indexes that a failed CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY left behind. One that is being built right
-- now is not among them (a replica cannot tell).
-- PostgreSQL 13 and later; primary and replica; any user
SELECT
    namespace.nspname AS schema_name,
    tables.relname AS table_name,
    class.relname AS index_name,
    class.relpages::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8 AS bytes,
    pg_catalog.count(*) OVER () AS indexes
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
JOIN pg_catalog.pg_class AS tables ON tables.oid = index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE NOT index.indisvalid
  AND class.relkind = 'i'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_stat_progress_create_index AS progress
      WHERE progress.index_relid = index.indexrelid
  )
ORDER BY namespace.nspname, class.relname
LIMIT 20
