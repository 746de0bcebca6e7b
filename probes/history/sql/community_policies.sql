-- TimescaleDB community: who compresses, refreshes and drops from now on, after the settings of this moment.
-- The refresh looks back less far than raw rows are kept: it would take hours whose rows are dropped for empty ones.
SELECT remove_compression_policy('probes_result', if_exists => true);
SELECT remove_retention_policy('probes_result', if_exists => true);
SELECT remove_continuous_aggregate_policy('result_hourly_aggregate', if_exists => true);
SELECT remove_retention_policy('result_hourly_aggregate', if_exists => true);
SELECT add_compression_policy('probes_result', compress_after => %(compress_after)s::interval);
SELECT add_retention_policy('probes_result', drop_after => %(drop_after)s::interval);
SELECT add_continuous_aggregate_policy(
    'result_hourly_aggregate',
    start_offset => %(refresh_from)s::interval,
    end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '5 minutes'
);
SELECT add_retention_policy('result_hourly_aggregate', drop_after => %(drop_hours_after)s::interval);
