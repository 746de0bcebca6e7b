-- The roll-up as everybody reads it: what was rolled up before the boundary, and what came after it. The boundary is a
-- constant, drawn anew whenever it moves: only then does the planner know how short the tail is, and which chunks it is in.
-- Connections that wait to be purged are gone already.
CREATE OR REPLACE VIEW result_hourly AS
SELECT {columns} FROM probes_rolledup
WHERE connection_id NOT IN (SELECT connection_id FROM probes_purge)
UNION ALL
{rest}
