-- Indexes that no query of this server has read since its statistics began, and that enforce nothing. Their size
-- is what the last VACUUM or ANALYZE noted.
-- PostgreSQL 13 and later; primary; any user
WITH unused AS (
    SELECT
        indexes.schemaname AS schema_name,
        indexes.relname AS table_name,
        indexes.indexrelname AS index_name,
        class.relpages::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8 AS bytes
    FROM pg_catalog.pg_stat_user_indexes AS indexes
    JOIN pg_catalog.pg_index AS index ON index.indexrelid = indexes.indexrelid
    JOIN pg_catalog.pg_class AS class ON class.oid = indexes.indexrelid
    WHERE indexes.idx_scan = 0
      AND index.indisvalid
      AND NOT index.indisunique
      AND NOT index.indisexclusion
      AND NOT index.indisreplident
      AND NOT index.indisclustered
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_constraint AS required WHERE required.conindid = indexes.indexrelid
      )
)
SELECT
    unused.*,
    pg_catalog.count(*) OVER () AS indexes,
    pg_catalog.sum(unused.bytes) OVER () AS all_bytes,
    (
        SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - database.stats_reset)
        FROM pg_catalog.pg_stat_database AS database
        WHERE database.datname = pg_catalog.current_database()
    ) AS since_seconds
FROM unused
ORDER BY unused.bytes DESC, unused.schema_name, unused.index_name
LIMIT 20
