-- TimescaleDB community: the continuous aggregate goes, and with it all policies: those of the results come again when
-- another one is filled.
SELECT remove_compression_policy('probes_result', if_exists => true);
SELECT remove_retention_policy('probes_result', if_exists => true);
DROP VIEW IF EXISTS result_hourly;
DROP MATERIALIZED VIEW result_hourly_aggregate;
