-- TimescaleDB community: compression by connection, because charts, purges and the details of a result ask by it; and
-- the continuous aggregate, which answers for the hours that it has not materialised yet from the rows.
ALTER TABLE probes_result SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'connection_id',
    timescaledb.compress_orderby = 'issued_at DESC, run_id, vantage'
);
CREATE MATERIALIZED VIEW result_hourly_aggregate
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
{hourly}
WITH NO DATA;
COMMENT ON VIEW result_hourly_aggregate IS '{digest}';
