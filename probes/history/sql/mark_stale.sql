-- Above the watermark nothing is stale. An hour that is marked already stays marked.
INSERT INTO probes_stalehour (bucket)
SELECT hour
FROM
    probes_upkeep,
    generate_series(%(hour)s::timestamptz, least(%(until)s::timestamptz, watermark), INTERVAL '1 hour') AS hour
WHERE hour < watermark AND %(since)s < watermark
ON CONFLICT DO NOTHING
