-- A plain table. An estimate below zero says that nobody has counted yet.
SELECT
    0 AS chunks,
    0 AS compressed_chunks,
    greatest(reltuples, 0)::bigint AS rows,
    pg_total_relation_size(oid) AS results_bytes
FROM pg_class
WHERE oid = 'probes_result'::regclass
