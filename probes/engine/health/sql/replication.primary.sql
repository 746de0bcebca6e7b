-- The replicas that receive from this server, and how far each is behind. Everything but the name is null for a
-- user without pg_read_all_stats.
-- PostgreSQL 13 and later; primary; any user
SELECT
    replica.application_name,
    pg_catalog.host(replica.client_addr) AS address,
    replica.state,
    replica.sync_state,
    pg_catalog.date_part('epoch', replica.replay_lag) AS lag_seconds,
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replica.replay_lsn) AS lag_bytes,
    pg_catalog.count(*) OVER () AS replicas
FROM pg_catalog.pg_stat_replication AS replica
ORDER BY
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replica.replay_lsn) DESC NULLS FIRST,
    replica.application_name
LIMIT 20
