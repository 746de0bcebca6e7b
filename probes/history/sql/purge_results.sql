-- The oldest results of a connection that was deleted. By moments, because rows of chunks have no number of their own;
-- results of one moment go together.
DELETE FROM probes_result
WHERE connection_id = %(connection_id)s AND issued_at <= (
    SELECT max(issued_at) FROM (
        SELECT issued_at FROM probes_result
        WHERE connection_id = %(connection_id)s
        ORDER BY issued_at
        LIMIT %(at_once)s
    ) AS oldest
)
