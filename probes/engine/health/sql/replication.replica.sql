-- How far this replica is behind. That it has replayed all it received says nothing once it receives nothing more,
-- so whether a receiver runs is part of the answer.
-- PostgreSQL 13 and later; replica; any user
SELECT
    EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) AS receiving,
    pg_catalog.pg_is_wal_replay_paused() AS paused,
    pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() AS replayed_all,
    pg_catalog.pg_wal_lsn_diff(
        pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()
    ) AS lag_bytes,
    pg_catalog.date_part(
        'epoch', pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()
    ) AS since_last_transaction_seconds
