"""The newest result of many connections, as lists show it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from probes import history
from probes.history.glances import glances_of
from probes.models import Run
from tests.rigs.results import OURS, REFUSED, result

pytestmark = pytest.mark.django_db


def keep(*results) -> None:
    """As the recorder does, each in a run of its own."""
    for one in results:
        run = Run.objects.create(kind=one.kind, source="page", total=1, created_at=one.issued_at)
        one.run_id = run.pk
        history.record(run, [one])


def fleet(count: int) -> list[int]:
    fields = {"host": "db.example", "database": "app", "username": "app"}
    made = Connection.objects.bulk_create(Connection(name=f"target {n}", **fields) for n in range(count))
    return [one.pk for one in made]


def test_a_glance_says_what_the_newest_row_says(django_assert_num_queries):
    first, second, third = fleet(3)
    now = timezone.now()
    keep(
        result(first, now - timedelta(hours=1), **REFUSED),
        result(first, now),
        result(first, now, kind="health", vantage="home"),
        result(first, now, vantage="tokyo", **REFUSED),
        result(second, now, **OURS),
    )
    rows = history.latest_of([first, second, third], "home", "connection")
    with django_assert_num_queries(1):
        found = glances_of([first, second, third], "home", "connection")
    assert found.keys() == rows.keys() == {first, second}
    for pk, glance in found.items():
        assert {name: getattr(rows[pk], name) for name in glance.__dataclass_fields__} == {
            name: getattr(glance, name) for name in glance.__dataclass_fields__
        }
    assert (found[first].ok, found[second].ours) == (True, True)


def test_ten_thousand_are_asked_for_at_once_and_none_is_no_error():
    assert glances_of(range(1, 10_001), "home", "connection") == {}
    assert glances_of([], "home", "connection") == {}
