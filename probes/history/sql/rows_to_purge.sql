-- Results of connections that were deleted, counted up to a limit.
SELECT count(*) AS rows_to_purge
FROM (
    SELECT FROM probes_result JOIN probes_purge USING (connection_id) LIMIT %(most)s
) AS counted
