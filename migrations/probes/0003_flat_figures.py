"""A probe's figures become columns: charts and roll-ups read them by the million, which JSON is too slow for."""

from django.db import migrations, models

NUMBERS = {
    **dict.fromkeys(("samples", "failures"), models.IntegerField),
    **dict.fromkeys(
        ("min_ms", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms", "stddev_ms", "rate", "cache_hit_ratio"),
        models.FloatField,
    ),
    **dict.fromkeys(("connections_used", "connections_limit"), models.IntegerField),
    "size_bytes": models.BigIntegerField,
    "lag_seconds": models.FloatField,
}

CARRY_OVER = """
UPDATE {table} SET
    samples = (summary->>'samples')::integer,
    failures = (summary->>'failures')::integer,
    min_ms = (summary->>'min')::double precision,
    mean_ms = (summary->>'mean')::double precision,
    p50_ms = (summary->>'p50')::double precision,
    p95_ms = (summary->>'p95')::double precision,
    p99_ms = (summary->>'p99')::double precision,
    max_ms = (summary->>'max')::double precision,
    stddev_ms = (summary->>'stddev')::double precision,
    rate = (summary->>'rate')::double precision
WHERE jsonb_typeof(summary) = 'object'
"""


class Migration(migrations.Migration):
    dependencies = [("probes", "0002_run_permissions")]

    operations = [
        *(
            migrations.AddField(model, name, field(null=True))
            for model in ("result", "latest")
            for name, field in NUMBERS.items()
        ),
        *(
            migrations.AddField(model, "synthetic", models.BooleanField(default=False))
            for model in ("result", "latest")
        ),
        *(
            migrations.RunSQL(CARRY_OVER.format(table=table), migrations.RunSQL.noop)
            for table in ("probes_result", "probes_latest")
        ),
        migrations.RemoveField("result", "summary"),
        migrations.RemoveField("latest", "summary"),
    ]
