-- TimescaleDB community: fills whole hours of the continuous aggregate. Not inside a transaction.
CALL refresh_continuous_aggregate('result_hourly_aggregate', %(since)s::timestamptz, %(until)s::timestamptz)
