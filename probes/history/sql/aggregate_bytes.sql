-- TimescaleDB community: what the continuous aggregate has materialised, and what was rolled up before there was one.
SELECT
    pg_total_relation_size('probes_rolledup') + coalesce(hypertable_size('result_hourly_aggregate'), 0)
        AS rolled_up_bytes
