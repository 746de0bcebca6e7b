-- Wraps the question of a check: each row of its answer becomes one line of JSON.
-- PostgreSQL 13 and later; primary and replica; any user
SELECT pg_catalog.row_to_json(answer) FROM (
{question}
) AS answer
