-- What made-up results are made of: connections as a vantage sees them, rounds of tests, and what went wrong when.
CREATE TEMPORARY TABLE IF NOT EXISTS synthetic_pair (
    number int PRIMARY KEY, connection_id bigint, vantage text, base_ms float, swing float, hour float,
    drifts_from timestamptz, connections_limit int, size_bytes bigint, server_version text
);
CREATE TEMPORARY TABLE IF NOT EXISTS synthetic_tick (
    number bigint PRIMARY KEY, issued_at timestamptz, run_id uuid, kind text
);
CREATE TEMPORARY TABLE IF NOT EXISTS synthetic_incident (
    pair int, starts timestamptz, ends timestamptz, share float, factor float,
    code text, phase text, sqlstate text, message text, hint text
);
TRUNCATE synthetic_pair, synthetic_tick, synthetic_incident
