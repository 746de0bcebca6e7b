-- The oldest hours of the roll-up table.
DELETE FROM probes_rolledup
WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM probes_rolledup WHERE bucket < %(before)s ORDER BY bucket LIMIT %(at_once)s
))
