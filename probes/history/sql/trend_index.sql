-- The last day of a whole list is read from it alone: the rows themselves are eight times as many pages, and two thirds of
-- them are of other kinds.
CREATE INDEX IF NOT EXISTS rolledup_trend ON probes_rolledup (kind, vantage, bucket)
INCLUDE (connection_id, p50_ms, timed, checks, good, ours)
