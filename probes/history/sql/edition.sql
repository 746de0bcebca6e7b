-- Any server: what it offers. Any role may ask.
SELECT extversion, current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'
