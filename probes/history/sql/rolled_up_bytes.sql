-- Any server.
SELECT pg_total_relation_size('probes_rolledup') AS rolled_up_bytes
