-- Settings that decide over safety and speed, and any that wait for a restart.
-- PostgreSQL 13 and later; primary and replica; any user
SELECT setting.name, setting.setting, setting.unit, setting.source, setting.pending_restart
FROM pg_catalog.pg_settings AS setting
WHERE setting.pending_restart
   OR setting.name IN (
       'fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts', 'data_checksums',
       'ssl', 'password_encryption', 'shared_buffers', 'work_mem', 'maintenance_work_mem', 'effective_cache_size',
       'max_wal_size', 'max_connections', 'wal_level', 'random_page_cost', 'track_io_timing',
       'statement_timeout', 'idle_in_transaction_session_timeout', 'log_min_duration_statement'
   )
ORDER BY setting.pending_restart DESC, setting.name
LIMIT 40
