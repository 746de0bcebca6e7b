-- Where plain PostgreSQL and TimescaleDB's Apache edition keep the hours below the watermark. The community edition
-- keeps here what an installation rolled up before it had a continuous aggregate.
CREATE TABLE probes_rolledup AS {hourly} WITH NO DATA;
ALTER TABLE probes_rolledup ADD PRIMARY KEY (connection_id, kind, vantage, bucket);
CREATE INDEX rolledup_by_hour ON probes_rolledup (bucket);
