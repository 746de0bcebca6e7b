-- Results by hour, connection, vantage and kind: the one definition of every figure of the roll-up, whichever way an
-- edition keeps it. What our own side broke is counted apart: it says nothing about the database. What it was too busy to
-- time counts as good or not, but its times are those of our machine.
-- One column a line. A new one goes to the end, as a view takes it, and into probes_rolledup with a migration that then
-- establishes what the server offers.
SELECT
    {bucket} AS bucket,
    connection_id,
    vantage,
    kind,
    count(*) FILTER (WHERE NOT {ours}) AS checks,
    count(*) FILTER (WHERE ok) AS good,
    count(*) FILTER (WHERE {ours}) AS ours,
    count(*) FILTER (WHERE strained) AS strained,
    count(coalesce(p50_ms, query_ms)) FILTER (WHERE ok AND NOT strained) AS timed,
    min(coalesce(min_ms, query_ms)) FILTER (WHERE ok AND NOT strained) AS min_ms,
    avg(coalesce(p50_ms, query_ms)) FILTER (WHERE ok AND NOT strained) AS p50_ms,
    avg(coalesce(p95_ms, query_ms)) FILTER (WHERE ok AND NOT strained) AS p95_ms,
    max(coalesce(p99_ms, query_ms)) FILTER (WHERE ok AND NOT strained) AS p99_ms,
    max(coalesce(max_ms, query_ms)) FILTER (WHERE ok AND NOT strained) AS max_ms,
    avg(dns_ms) FILTER (WHERE ok AND NOT strained) AS dns_ms,
    avg(tcp_ms) FILTER (WHERE ok AND NOT strained) AS tcp_ms,
    avg(tls_ms) FILTER (WHERE ok AND NOT strained) AS tls_ms,
    avg(auth_ms) FILTER (WHERE ok AND NOT strained) AS auth_ms,
    avg(query_ms) FILTER (WHERE ok AND NOT strained) AS query_ms,
    avg(total_ms) FILTER (WHERE ok AND NOT strained) AS total_ms,
    avg(cache_hit_ratio) FILTER (WHERE ok) AS cache_hit_ratio,
    max(connections_used) FILTER (WHERE ok) AS connections_used,
    max(connections_limit) FILTER (WHERE ok) AS connections_limit,
    max(size_bytes) FILTER (WHERE ok) AS size_bytes,
    max(lag_seconds) FILTER (WHERE ok) AS lag_seconds
FROM probes_result
WHERE {which}
GROUP BY 1, 2, 3, 4
