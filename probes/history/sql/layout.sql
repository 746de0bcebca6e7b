-- TimescaleDB: what has been set up, and of which definition.
SELECT
    EXISTS (
        SELECT FROM timescaledb_information.hypertables
        WHERE hypertable_schema = current_schema() AND hypertable_name = 'probes_result'
    ),
    EXISTS (
        SELECT FROM timescaledb_information.continuous_aggregates
        WHERE view_schema = current_schema() AND view_name = 'result_hourly_aggregate'
    ),
    obj_description(to_regclass('result_hourly_aggregate'), 'pg_class')
