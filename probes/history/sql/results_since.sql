-- TimescaleDB community: the end of the newest hour whose results were dropped; null when there is none.
SELECT max(bucket) + INTERVAL '1 hour'
FROM (SELECT DISTINCT bucket FROM result_hourly_aggregate) AS rolled_up
WHERE NOT EXISTS (
    SELECT FROM timescaledb_information.chunks
    WHERE
        hypertable_schema = current_schema() AND hypertable_name = 'probes_result'
        AND bucket >= range_start AND bucket < range_end
)
