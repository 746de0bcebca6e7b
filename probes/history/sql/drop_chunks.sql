-- TimescaleDB: the chunks that are older than this as a whole.
SELECT drop_chunks('probes_result', older_than => %(before)s::timestamptz)
