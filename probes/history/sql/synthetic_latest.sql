-- The newest made-up results become the latest of their connections, unless newer ones are known.
INSERT INTO probes_latest ({columns})
SELECT {columns} FROM probes_result WHERE issued_at = ANY(%(moments)s) AND run_id = ANY(%(runs)s)
ON CONFLICT (connection_id, vantage, kind) DO UPDATE SET {replaced}
WHERE probes_latest.issued_at < excluded.issued_at
