-- TimescaleDB community: the policies of the history and how far back each reaches. An operator may have added others.
SELECT
    CASE
        WHEN proc_name IN ('policy_compression', 'policy_columnstore') THEN 'compress_after'
        WHEN proc_name = 'policy_refresh_continuous_aggregate' THEN 'refresh_from'
        WHEN hypertable_name = 'probes_result' THEN 'drop_after'
        ELSE 'drop_hours_after'
    END,
    coalesce(config ->> 'compress_after', config ->> 'start_offset', config ->> 'drop_after')::interval
FROM timescaledb_information.jobs
WHERE
    hypertable_name IN ('probes_result', 'result_hourly_aggregate')
    AND proc_name IN (
        'policy_compression', 'policy_columnstore', 'policy_retention', 'policy_refresh_continuous_aggregate'
    )
