-- TimescaleDB community: the table in which the continuous aggregate keeps what it has materialised.
SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)
FROM timescaledb_information.continuous_aggregates
WHERE view_schema = current_schema() AND view_name = 'result_hourly_aggregate'
