-- Where COPY puts what a worker found. It goes with the transaction, so that a pooler may lend the session on.
CREATE TEMPORARY TABLE incoming (LIKE probes_result) ON COMMIT DROP
