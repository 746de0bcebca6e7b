-- A server without TimescaleDB: whether it could have it. Not every role may see what is loaded at start.
SELECT
    EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') AS installed,
    EXISTS (
        SELECT FROM pg_settings WHERE name = 'shared_preload_libraries' AND setting LIKE '%timescaledb%'
    ) AS preloaded
