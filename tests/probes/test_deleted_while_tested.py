"""Nothing goes on with a connection that was deleted while it was tested, and one that comes back upsets no count."""

import pytest

from connections import deleting
from probes import dispatch, history, progress, recorder
from probes.models import Kind, Run
from tests.probes.test_kinds_through_a_pool import backends
from tests.rigs.pool import Pool, until
from tests.rigs.pump import pump, take

pytestmark = pytest.mark.django_db(transaction=True)

PLACE = "lima"
LONG_LOAD = {"clients": 3, "seconds": 60}


def ask(kind: Kind, *connections, **params) -> Run:
    return dispatch.request_run(
        kind=kind, connections=connections, source=Run.Source.PAGE, params=params, vantages=[PLACE]
    )


def under_way(run: Run) -> bool:
    return any(report["done"] for report in progress.of_run(run.pk).values())


def test_a_load_test_stops_when_its_connection_is_deleted(make_connection):
    target = make_connection()
    with Pool([f"load.{PLACE}"]) as pool:
        run = ask(Kind.LOAD, target, **LONG_LOAD)
        until(lambda: under_way(run), pool.said)
        deleting.hide(target)
        until(lambda: backends() == 0, pool.said, seconds=10)
        deleting.restore(target.pk)
        again = ask(Kind.LOAD, target, clients=1, seconds=0.5)
        until(lambda: pump(["record"]) and history.of_run(again), pool.said)
    run.refresh_from_db()
    assert (run.total, run.done, run.is_open) == (0, 0, False)
    assert history.of_run(run) == []
    assert history.of_run(again)[0].ok


def test_a_test_that_still_waits_never_begins_when_its_connection_is_deleted(make_connection):
    target = make_connection()
    run = ask(Kind.LOAD, target, **LONG_LOAD)
    deleting.hide(target)
    assert pump([f"load.{PLACE}"]) == 1
    assert take("record") is None
    assert progress.of_run(run.pk) == {}


def test_what_was_found_of_a_connection_that_left_and_came_back_is_dropped_and_the_rest_kept(make_connection):
    gone, other = make_connection("gone"), make_connection("other")
    run = ask(Kind.HEALTH, gone, other)
    deleting.hide(gone)
    deleting.restore(gone.pk)
    fault = recorder.our_fault(run.kind_of_probe, "worker_lost", "")
    recorder.absorb(run.pk, PLACE, {gone.pk: fault, other.pk: fault})
    run.refresh_from_db()
    assert (run.total, run.done, run.is_open) == (1, 1, False)
    assert [result.connection_id for result in history.of_run(run)] == [other.pk]
