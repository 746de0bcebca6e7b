-- Tables of this database with the most dead rows, and whether autovacuum may take care of them. A replica keeps
-- no such statistics.
-- PostgreSQL 13 and later; primary; any user
SELECT
    tables.schemaname AS schema_name,
    tables.relname AS table_name,
    tables.n_live_tup AS live_rows,
    tables.n_dead_tup AS dead_rows,
    pg_catalog.date_part(
        'epoch', pg_catalog.clock_timestamp() - GREATEST(tables.last_vacuum, tables.last_autovacuum)
    ) AS since_vacuum_seconds,
    COALESCE('autovacuum_enabled=false' = ANY (class.reloptions), false)
    OR COALESCE('autovacuum_enabled=off' = ANY (class.reloptions), false) AS excluded,
    pg_catalog.current_setting('autovacuum') = 'on' AND pg_catalog.current_setting('track_counts') = 'on' AS enabled
FROM (SELECT) AS always
LEFT JOIN pg_catalog.pg_stat_user_tables AS tables ON true
LEFT JOIN pg_catalog.pg_class AS class ON class.oid = tables.relid
ORDER BY tables.n_dead_tup DESC NULLS LAST, tables.schemaname, tables.relname
LIMIT 10
