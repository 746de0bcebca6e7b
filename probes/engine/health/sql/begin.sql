-- Opens the transaction that every check runs in. Nothing of it outlives the transaction, so a pooler may lend
-- the same server connection to somebody else afterwards. The search path keeps another's function, operator
-- or temporary table from standing in for the catalogue's.
-- PostgreSQL 13 and later; primary and replica; any user
BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY;
SELECT /* meridian health: begin */
    pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
    pg_catalog.set_config('statement_timeout', '{statement_ms}', true),
    pg_catalog.set_config('lock_timeout', '{lock_ms}', true),
    pg_catalog.set_config('max_parallel_workers_per_gather', '0', true),
    pg_catalog.set_config('jit', 'off', true)
