"""A new Meridian tests everything by itself from the first minute on; what somebody deleted does not come back."""

import pytest
from django.db import connection as database
from django.utils import timezone

from probes import schedules
from probes.models import Schedule
from probes.schedules.defaults import make_first

pytestmark = pytest.mark.django_db


@pytest.fixture
def never_used():
    """Sequences survive the end of other tests, and so does this restart."""
    with database.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE probes_schedule_id_seq RESTART WITH 3000000")


def test_there_are_three_from_the_start(never_used):
    assert make_first() == ["Connection test", "Latency", "Health check"]
    found = {one.kind: one for one in Schedule.objects.all()}
    assert {kind: one.every_seconds for kind, one in found.items()} == {
        "connection": 60,
        "latency": 300,
        "health": 900,
    }
    for one in found.values():
        one.full_clean()
        assert one.next_at > timezone.now()
        assert one.scope == Schedule.Scope.ALL


def test_making_them_again_makes_none(never_used):
    make_first()
    assert make_first() == []
    assert Schedule.objects.count() == 3


def test_what_was_deleted_does_not_come_back_with_a_deploy(never_used):
    make_first()
    for pk in Schedule.objects.values_list("pk", flat=True):
        schedules.delete(pk)
    assert make_first() == []
    assert not Schedule.objects.exists()


def test_a_site_that_has_its_own_gets_none(never_used, make_schedule):
    make_schedule()
    assert make_first() == []
