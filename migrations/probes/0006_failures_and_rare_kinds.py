"""Failures of a connection, and the kinds of tests that are few, get indexes of their own.

Making them takes three seconds for ten million results on two cores, and so on in proportion. Meanwhile results wait on
their queue; pages are read as ever. TimescaleDB can make no index of a hypertable concurrently.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("probes", "0005_scratch_permission")]

    operations = [
        migrations.AddIndex(
            "result",
            models.Index(
                fields=["connection_id", "-issued_at"],
                include=["kind", "vantage", "error_code", "error_phase"],
                name="result_failed_by_connection",
                condition=models.Q(ok=False),
            ),
        ),
        migrations.AddIndex(
            "result",
            models.Index(
                fields=["kind", "-issued_at"], name="result_rare_kind", condition=~models.Q(kind="connection")
            ),
        ),
    ]
