-- TimescaleDB, either edition. What is in the table already is moved into chunks.
SELECT create_hypertable(
    'probes_result', 'issued_at',
    chunk_time_interval => INTERVAL '1 day',
    create_default_indexes => false,
    migrate_data => true,
    if_not_exists => true
)
