"""Lists read of a result's detail what they show, and its own page all of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from probes import history
from probes.models import Kind, Run
from tests.rigs.results import add, result

pytestmark = pytest.mark.django_db
LOAD = {
    "series": [{"start": n} for n in range(3600)],
    "histogram": "HISTFAAA",
    "target_rate": 100,
    "stopped": "cancelled",
}
HEALTH = {
    "checks": [{"key": "locks", "verdict": "act", "rows": [["x" * 1000]] * 50}],
    "figures": {"size_bytes": 1},
}
LATENCY = {"samples": [1.0] * 1000, "jitter_ms": 0.5}


@pytest.fixture
def run(make_connection) -> Run:
    target, other = make_connection("target"), make_connection("other")
    run = Run.objects.create(kind=Kind.LOAD, source="page", total=2)
    at = run.created_at
    add(
        result(target.pk, at, run_id=run.pk, kind=Kind.LOAD, detail=LOAD),
        result(other.pk, at, run_id=run.pk, kind=Kind.LOAD, detail={}),
        result(target.pk, at - timedelta(minutes=1), kind=Kind.HEALTH, detail=HEALTH),
        result(target.pk, at - timedelta(minutes=2), kind=Kind.LATENCY, detail=LATENCY),
        result(target.pk, at - timedelta(minutes=3), kind=Kind.HEALTH, detail={"checks": []}),
    )
    run.target = target
    return run


def test_lists_hold_what_they_show_and_nothing_long(run, django_assert_num_queries):
    with django_assert_num_queries(1):
        load, health, latency, nothing = [one.detail for one in history.recent(run.target.pk)]
    assert load == {"target_rate": 100, "stopped": "cancelled"}
    assert health == {"checks": [{"verdict": "act"}], "figures": {"size_bytes": 1}}
    assert latency == {"jitter_ms": 0.5}
    assert nothing == {"checks": []}
    with django_assert_num_queries(1):
        assert load in [one.detail for one in history.newest(10)]
    with django_assert_num_queries(1):
        assert sorted(len(one.detail) for one in history.of_run(run)) == [0, 2]


def test_the_page_of_a_result_has_all_of_it(run):
    assert history.one(run, run.target.pk, "home").detail == LOAD
    single = Run.objects.create(kind=Kind.LATENCY, source="page", total=1)
    add(result(run.target.pk, single.created_at, run_id=single.pk, kind=Kind.LATENCY, detail=LATENCY))
    assert [one.detail for one in history.of_run(single)] == [LATENCY]


def test_pages_ask_for_no_detail_again(client, run):
    for address in (f"/runs/{run.pk}/", f"/connections/{run.target.pk}/", "/"):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        again = [
            query["sql"] for query in asked if query["sql"].startswith('SELECT "probes_result"."detail"')
        ]
        assert again == []
