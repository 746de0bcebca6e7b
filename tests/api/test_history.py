"""The history in buckets, as a program reads it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from probes.models import Kind
from tests.rigs.results import add, result

pytestmark = pytest.mark.django_db


@pytest.fixture
def target(make_connection):
    """One check of each kind a moment ago, of which only the network's are quick."""
    made, now = make_connection(), timezone.now() - timedelta(minutes=1)
    slow = {"query_ms": 900.0, "total_ms": 900.0}
    add(
        result(made.pk, now, kind=Kind.CONNECTION),
        result(made.pk, now, kind=Kind.LATENCY, p50_ms=7.0),
        result(made.pk, now, kind=Kind.HEALTH, **slow),
        result(made.pk, now, kind=Kind.LOAD, **slow, p50_ms=900.0),
    )
    return made


def figures(asked, target, query):
    """The only value of each measure."""
    answer = asked.get(f"/history?connection={target.pk}&window=1h&points=2&{query}")
    assert answer.status_code == 200
    values = answer.json()["values"][str(target.pk)]
    return {name: next(one for one in column if one is not None) for name, column in values.items()}


def test_times_without_a_kind_are_those_of_the_network(asked, target):
    assert figures(asked, target, "") == {
        "checks": 2,
        "good": 2,
        "p50_ms": pytest.approx(6.0),
        "p95_ms": pytest.approx(5.0),
        "total_ms": pytest.approx(15.0),
    }


def test_counts_without_a_kind_are_of_every_check(asked, target):
    assert figures(asked, target, "measure=checks&measure=good") == {"checks": 4, "good": 4}


def test_times_of_a_kind_are_of_that_kind(asked, target):
    assert figures(asked, target, "kind=load&measure=p50_ms") == {"p50_ms": 900.0}
