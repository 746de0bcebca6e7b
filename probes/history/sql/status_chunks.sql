-- TimescaleDB, either edition.
SELECT
    count(*) AS chunks,
    count(*) FILTER (WHERE is_compressed) AS compressed_chunks,
    approximate_row_count('probes_result') AS rows,
    hypertable_size('probes_result') AS results_bytes
FROM timescaledb_information.chunks
WHERE hypertable_schema = current_schema() AND hypertable_name = 'probes_result'
