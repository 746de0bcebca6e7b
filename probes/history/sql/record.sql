-- What is new of the incoming results becomes history; the newest of each connection, vantage and kind becomes its
-- latest, unless a newer one is known. A latest of the future is of a clock that was ahead: anything replaces it.
WITH fresh AS (
    INSERT INTO probes_result ({columns})
    SELECT {columns} FROM {incoming}
    ON CONFLICT DO NOTHING
    RETURNING {columns}
), newest AS (
    INSERT INTO probes_latest ({columns})
    SELECT DISTINCT ON (connection_id, vantage, kind) {columns}
    FROM fresh
    ORDER BY connection_id, vantage, kind, issued_at DESC
    ON CONFLICT (connection_id, vantage, kind) DO UPDATE SET {replaced}
    WHERE probes_latest.issued_at <= excluded.issued_at OR probes_latest.issued_at > now()
)
SELECT connection_id, vantage FROM fresh
