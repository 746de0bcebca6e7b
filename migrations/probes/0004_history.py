"""The history becomes what the server offers: a hypertable or not, and the roll-up by hour.

It can be run again after an interruption, and ends at once where nothing is missing. A server that offers more later
is taken up with ``manage.py history adopt``.
"""

from django.db import migrations, models


def establish(apps, schema_editor):
    from probes.history import adoption

    adoption.establish()


def remove(apps, schema_editor):
    from probes.history import adoption

    adoption.remove()


class Migration(migrations.Migration):
    dependencies = [("probes", "0003_flat_figures")]

    operations = [
        migrations.CreateModel(
            "Purge",
            [
                ("connection_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel("StaleHour", [("bucket", models.DateTimeField(primary_key=True, serialize=False))]),
        migrations.CreateModel(
            "Upkeep",
            [
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("watermark", models.DateTimeField(null=True)),
                ("kept_from", models.DateTimeField(null=True)),
            ],
            {
                "verbose_name": "history",
                "verbose_name_plural": "history",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="upkeep_is_one")],
            },
        ),
        migrations.RunPython(establish, remove),
    ]
