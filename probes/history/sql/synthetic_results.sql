-- Made-up results of the rounds from %(first)s to %(last)s: one for each round and pair. u1 to u6 are chances between 0
-- and 1 that belong to the round, the pair and the seed. OFFSET 0 keeps a step from being worked out several times.
INSERT INTO probes_result (
    issued_at, run_id, connection_id, vantage, kind, ok, error_code, error_phase, sqlstate, message, hint,
    dns_ms, tcp_ms, tls_ms, auth_ms, query_ms, total_ms, queue_ms, started_at, finished_at, strained, simulated,
    server_version, server_address, backend_pid, in_recovery, pooler, tls_version, tls_cipher,
    samples, failures, min_ms, mean_ms, p50_ms, p95_ms, p99_ms, max_ms, stddev_ms,
    cache_hit_ratio, connections_used, connections_limit, size_bytes, synthetic, detail
)
SELECT
    issued_at, run_id, connection_id, vantage, kind, ok, code, phase, sqlstate, message, hint,
    CASE WHEN reached >= 1 THEN 0.2 + u1 END,
    CASE WHEN reached >= 2 THEN rtt END,
    CASE WHEN reached >= 3 THEN 2 * rtt + 1.5 END,
    CASE WHEN reached >= 4 THEN 2.2 * rtt + 3 END,
    CASE WHEN ok THEN rtt + 0.15 END,
    CASE WHEN ok THEN 6.2 * rtt + 4.85 + u1 END,
    1 + 4 * u2,
    issued_at + interval '2 ms',
    issued_at + make_interval(secs => (6.2 * rtt + 10) / 1000),
    false, false,
    CASE WHEN ok THEN server_version ELSE '' END, '', CASE WHEN ok THEN 1000 + pair END,
    CASE WHEN ok THEN false END, '', CASE WHEN reached >= 3 THEN 'TLSv1.3' ELSE '' END,
    CASE WHEN reached >= 3 THEN 'TLS_AES_256_GCM_SHA384' ELSE '' END,
    CASE WHEN timed THEN 20 END, CASE WHEN timed THEN 0 END,
    CASE WHEN timed THEN rtt * 0.97 END,
    CASE WHEN timed THEN rtt * 1.03 END,
    CASE WHEN timed THEN rtt END,
    CASE WHEN timed THEN rtt * (1.05 + 0.1 * u1) END,
    CASE WHEN timed THEN rtt * (1.2 + 0.3 * u1) END,
    CASE WHEN timed THEN rtt * (1.25 + 0.5 * u1) END,
    CASE WHEN timed THEN rtt * 0.06 END,
    CASE WHEN healthy THEN 0.93 + 0.069 * u1 - 0.02 * (breath + 1) END,
    CASE WHEN healthy THEN (connections_limit * (0.3 + 0.15 * breath + 0.1 * u2))::int END,
    CASE WHEN healthy THEN connections_limit END,
    CASE WHEN healthy THEN (size_bytes * (1 + extract(epoch FROM issued_at - '2026-01-01') / 4e8))::bigint END,
    true, '{}'
FROM (
    SELECT *,
        CASE WHEN ok THEN 5 ELSE array_position(ARRAY['dns', 'tcp', 'tls', 'auth', 'query'], phase) - 1 END AS reached,
        ok AND kind = 'latency' AS timed, ok AND kind = 'health' AS healthy
    FROM (
        SELECT tick, pair, issued_at, run_id, kind, connection_id, vantage, server_version, connections_limit,
            size_bytes, breath, u1, u2,
            NOT broken AND NOT unlucky AS ok,
            CASE WHEN broken THEN code WHEN unlucky THEN 'tcp_timeout' ELSE '' END AS code,
            CASE WHEN broken THEN phase WHEN unlucky THEN 'tcp' ELSE '' END AS phase,
            CASE WHEN broken THEN sqlstate ELSE '' END AS sqlstate,
            CASE WHEN broken THEN message WHEN unlucky THEN 'no answer within 10 s' ELSE '' END AS message,
            CASE WHEN broken THEN hint ELSE '' END AS hint,
            base_ms * coalesce(factor, 1) * (1 + swing * breath) * (1 + 0.06 * (u1 + u2 - 1))
                * CASE WHEN issued_at >= drifts_from THEN 1.35 ELSE 1 END
                * CASE WHEN u3 < 0.01 THEN 1.5 + 300 * u3 ELSE 1 END - 0.4 * ln(u4) AS rtt
        FROM (
            SELECT *, sin((extract(epoch FROM issued_at)::float8 / 3600 - hour) * pi() / 12) AS breath,
                coalesce(u5 < share, false) AS broken, u6 < 0.002 AS unlucky
            FROM (
                SELECT placed.*, {chances}
                FROM (
                    SELECT tick.number AS tick, pair.number AS pair, issued_at, run_id, kind, connection_id,
                        vantage, base_ms, swing, hour, drifts_from, connections_limit, size_bytes, server_version,
                        share, factor, code, phase, sqlstate, message, hint
                    FROM synthetic_tick AS tick CROSS JOIN synthetic_pair AS pair
                    LEFT JOIN synthetic_incident AS incident
                        ON incident.pair = pair.number AND issued_at >= starts AND issued_at < ends
                    WHERE tick.number BETWEEN %(first)s AND %(last)s ORDER BY tick.number, pair.number
                ) AS placed OFFSET 0
            ) AS lucky OFFSET 0
        ) AS fated OFFSET 0
    ) AS measured OFFSET 0
) AS shown
ON CONFLICT DO NOTHING
