-- What the choice of the other queries depends on. `preloaded` is null for a user who may not see the setting.
-- PostgreSQL 13 and later; primary and replica; any user
SELECT
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version,
    pg_catalog.pg_is_in_recovery() AS replica,
    pg_catalog.pg_backend_pid() AS pid,
    CURRENT_USER AS user_name,
    pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
    pg_catalog.current_setting('application_name') AS application_name,
    EXISTS (
        SELECT FROM pg_catalog.pg_prepared_statements AS prepared
        WHERE prepared.name LIKE 'PGBOUNCER\_%'
    ) AS pgbouncer_statements,
    (
        SELECT namespace.nspname
        FROM pg_catalog.pg_extension AS extension
        JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = extension.extnamespace
        WHERE extension.extname = 'pg_stat_statements'
    ) AS statements_schema,
    (
        SELECT extension.extversion
        FROM pg_catalog.pg_extension AS extension
        WHERE extension.extname = 'pg_stat_statements'
    ) AS statements_version,
    (
        SELECT setting.setting LIKE '%pg_stat_statements%'
        FROM pg_catalog.pg_settings AS setting
        WHERE setting.name = 'shared_preload_libraries'
    ) AS preloaded
