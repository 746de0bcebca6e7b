-- TimescaleDB community: hours before this moment go where they outlive the continuous aggregate.
INSERT INTO probes_rolledup ({columns})
SELECT {columns} FROM result_hourly WHERE bucket < %(before)s
ON CONFLICT DO NOTHING
