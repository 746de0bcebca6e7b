"""Schedules, and one row for each of their ticks, so that each happens once."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0003_deleted'),
        ('probes', '0006_failures_and_rare_kinds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('connection', 'Connection'), ('latency', 'Latency'), ('load', 'Load'), ('health', 'Health')], max_length=16)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('scope', models.CharField(choices=[('all', 'Everything'), ('connections', 'Chosen connections'), ('tags', 'Tags'), ('regions', 'Regions'), ('providers', 'Providers')], default='all', max_length=16)),
                ('words', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('every_seconds', models.PositiveIntegerField(blank=True, null=True)),
                ('cron', models.CharField(blank=True, max_length=100)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('jitter_seconds', models.PositiveSmallIntegerField(default=10)),
                ('next_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('connections', models.ManyToManyField(blank=True, related_name='+', to='connections.connection')),
                ('owner', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='run',
            name='schedule',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='runs', to='probes.schedule'),
        ),
        migrations.CreateModel(
            name='ScheduleTick',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('taken_at', models.DateTimeField()),
                ('missed_from', models.DateTimeField(null=True)),
                ('outcome', models.CharField(choices=[('started', 'Started'), ('skipped', 'Skipped')], max_length=16)),
                ('reason', models.TextField(blank=True)),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='probes.run')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ticks', to='probes.schedule')),
            ],
            options={
                'ordering': [models.OrderBy(models.F('at'), descending=True)],
            },
        ),
        migrations.AddIndex(
            model_name='schedule',
            index=models.Index(fields=['next_at'], name='schedule_due'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='schedule_name_unique', violation_error_message='Another schedule has this name.'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='schedule_named'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('every_seconds', None), ('cron', ''), _connector='XOR'), name='schedule_interval_or_cron', violation_error_message='Give an interval or a cron line, and not both.'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('every_seconds', None), ('every_seconds__range', (10, 2678400)), _connector='OR'), name='schedule_interval_range'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('jitter_seconds__lte', 3600)), name='schedule_jitter_range'),
        ),
        migrations.AddConstraint(
            model_name='scheduletick',
            constraint=models.UniqueConstraint(fields=('schedule', 'at'), name='schedule_tick_once'),
        ),
    ]
