"""Runs keep whether they were asked of all connections at once. Undone, that is forgotten; the runs stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("probes", "0008_run_keys")]

    operations = [
        migrations.AddField(
            "run",
            "everything",
            # The database has the default, too: a version that does not know the field may still ask for runs.
            models.BooleanField(default=False, db_default=False, editable=False),
        )
    ]
