-- TimescaleDB community: up to where the continuous aggregate is filled; null when nothing is. Then it says a moment
-- before Christ, which not every client can read.
SELECT CASE WHEN moment > '2000-01-01 00:00:00+00' THEN moment END AS filled_until
FROM
    _timescaledb_catalog.continuous_agg,
    _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(mat_hypertable_id)) AS moment
WHERE user_view_schema = current_schema() AND user_view_name = 'result_hourly_aggregate'
