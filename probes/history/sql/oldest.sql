-- The oldest result, from the primary key.
SELECT min(issued_at) AS oldest_result FROM probes_result
