-- Indexes of a table that are alike in all that matters to a query: columns, order, collation, operators,
-- expression, condition and method. Expressions are compared as text: as stored they hold their place in the
-- statement that made them.
-- PostgreSQL 13 and later; primary and replica; any user
WITH alike AS (
    SELECT
        index.indrelid,
        pg_catalog.count(*) AS copies,
        pg_catalog.array_agg(class.relname::pg_catalog.text ORDER BY class.relname) AS names,
        pg_catalog.sum(class.relpages::pg_catalog.int8)
        * pg_catalog.current_setting('block_size')::pg_catalog.int8 AS bytes
    FROM pg_catalog.pg_index AS index
    JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE index.indisvalid
      AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    GROUP BY
        index.indrelid,
        class.relam,
        index.indnkeyatts,
        index.indkey::pg_catalog.text,
        index.indoption::pg_catalog.text,
        index.indcollation::pg_catalog.text,
        index.indclass::pg_catalog.text,
        pg_catalog.pg_get_expr(index.indexprs, index.indrelid),
        pg_catalog.pg_get_expr(index.indpred, index.indrelid)
    HAVING pg_catalog.count(*) > 1
)
SELECT
    namespace.nspname AS schema_name,
    class.relname AS table_name,
    pg_catalog.array_to_string(alike.names[1:5], ', ') AS index_names,
    alike.copies,
    alike.bytes,
    pg_catalog.count(*) OVER () AS groups
FROM alike
JOIN pg_catalog.pg_class AS class ON class.oid = alike.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
ORDER BY alike.bytes DESC, namespace.nspname, class.relname
LIMIT 20
