-- Rolls up the hours from %(since)s to before %(until)s.
INSERT INTO probes_rolledup ({columns})
{hourly}
