-- The last day of a whole list is read from it alone: as rows, it is fifteen times as much, with two thirds of it of other
-- kinds.
CREATE INDEX IF NOT EXISTS rolledup_trend ON probes_rolledup (kind, vantage, bucket)
INCLUDE (connection_id, p50_ms, timed, checks, good, ours)
