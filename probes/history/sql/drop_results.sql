-- A plain table: the oldest results before this moment. Results of one moment go together.
DELETE FROM probes_result
WHERE issued_at < %(before)s AND issued_at <= (
    SELECT max(issued_at) FROM (
        SELECT issued_at FROM probes_result WHERE issued_at < %(before)s ORDER BY issued_at LIMIT %(at_once)s
    ) AS oldest
)
