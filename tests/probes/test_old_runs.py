"""Runs go when their results are too old to be kept, and take their jobs along."""

from datetime import timedelta

import pytest
from django.utils import timezone

from probes.history import housekeeping, retention
from probes.models import Job, Kind, Run

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def run(age: timedelta, *, ended: bool = True) -> Run:
    made = Run.objects.create(
        kind=Kind.CONNECTION,
        source=Run.Source.SCHEDULE,
        total=1,
        created_at=NOW - age,
        finished_at=NOW - age if ended else None,
    )
    Job.objects.create(run=made, vantage="home", connection_ids=[1])
    return made


def test_what_is_older_than_results_are_kept_goes_with_its_jobs(settings):
    settings.TIMESCALE_RETENTION_DAYS = 10
    run(timedelta(days=11))
    kept = [run(timedelta(days=9)), run(timedelta(days=11), ended=False)]
    housekeeping.retain()
    assert set(Run.objects.all()) == set(kept)
    assert set(Job.objects.values_list("run", flat=True)) == {one.pk for one in kept}


def test_many_go_in_steps(settings, monkeypatch):
    settings.TIMESCALE_RETENTION_DAYS = 10
    monkeypatch.setattr(retention, "RUNS_AT_ONCE", 2)
    for _ in range(3):
        run(timedelta(days=11))
    assert retention.drop_runs(NOW) is True
    assert Run.objects.count() == 1
    assert retention.drop_runs(NOW) is False
    assert not Run.objects.exists()
