from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("probes", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="run",
            options={
                "ordering": ["-created_at"],
                "permissions": [
                    ("run_own_sql", "Can run statements of their own in load tests"),
                    ("take_all_slots", "Can let a load test take every free slot of a server"),
                ],
            },
        ),
    ]
