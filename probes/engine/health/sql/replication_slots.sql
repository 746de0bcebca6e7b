-- Replication slots and the write-ahead log that each keeps this server from removing.
-- PostgreSQL 13 and later; primary; any user
SELECT
    slot.slot_name,
    slot.slot_type,
    slot.database,
    slot.active,
    slot.wal_status,
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), slot.restart_lsn) AS retained_bytes
FROM pg_catalog.pg_replication_slots AS slot
ORDER BY
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), slot.restart_lsn) DESC NULLS FIRST,
    slot.slot_name
LIMIT 20
