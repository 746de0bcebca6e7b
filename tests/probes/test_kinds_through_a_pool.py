"""Every kind of test travels all the way through a real worker pool, and ends as it should whatever happens there."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from django.db import connection as database
from django.utils import timezone

from probes import broker, claims, dispatch, history, progress, reaper, tasks
from probes.jobs import database_of
from probes.models import Job, Kind, Result, Run, uuid7
from probes.work import load
from tests.rigs import servers
from tests.rigs.pool import Pool, until
from tests.rigs.pump import pump, take, waiting

pytestmark = pytest.mark.django_db(transaction=True)

LONG_LOAD = {"clients": 3, "seconds": 60}
LONG_LATENCY = {"samples": 1000, "interval_ms": 100}


PLACE = "tokyo"
"""Where the pool stands. Nobody takes from the queues at home, where the first test of what is saved waits."""


@pytest.fixture
def target(make_connection):
    return make_connection()


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One child for all kinds: whatever holds it up shows."""
    with Pool([f"probes.{PLACE}", f"load.{PLACE}"]) as running:
        yield running


def ask(kind: str, *connections, place: str = PLACE, **params) -> Run:
    return dispatch.request_run(
        kind=Kind(kind), connections=connections, source=Run.Source.PAGE, params=params, vantages=[place]
    )


def ended(run: Run) -> bool:
    """Takes part in the run's way to its end as recorder and reaper do."""
    pump(["record"])
    run.jobs.filter(settled_at=None).update(due_at=timezone.now())
    reaper.reap()
    run.refresh_from_db()
    return not run.is_open


def backends() -> int:
    """Sessions that probes hold on the target."""
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'meridian/%'")
        return cursor.fetchone()[0]


def under_way(run: Run) -> bool:
    """Whether its probe has measured something."""
    return any(report["done"] for report in progress.of_run(run.pk).values())


def only_result(run: Run) -> Result:
    [result] = history.of_run(run)
    return result


def test_a_latency_test_comes_back_with_its_samples(pool, target):
    run = ask("latency", target, samples=20, interval_ms=40)
    until(lambda: ended(run), pool.said)
    result = only_result(run)
    assert result.ok, result.message
    assert (result.kind, result.samples, result.failures) == ("latency", 20, 0)
    assert result.p50_ms > 0
    assert len(result.detail["samples"]) == 20
    report = progress.of_run(run.pk)[target.pk, PLACE]
    assert (report["kind"], report["total"]) == ("latency", 20)
    assert report["samples"] == result.detail["samples"][: report["done"]]


def test_a_health_check_comes_back_with_its_findings(pool, target):
    run = ask("health", target)
    until(lambda: ended(run), pool.said)
    result = only_result(run)
    assert result.ok, result.message
    assert {"cache_hits", "database_size"} <= {check["key"] for check in result.detail["checks"]}
    assert result.size_bytes > 0


@pytest.mark.parametrize("processes", [1, 2])
def test_a_load_test_comes_back_with_its_series(pool, target, processes):
    run = ask("load", target, clients=2, seconds=2.5, processes=processes)
    until(lambda: ended(run), pool.said)
    result = only_result(run)
    assert result.ok, result.message
    assert result.samples > 0
    assert result.detail["stopped"] == ""
    report = progress.of_run(run.pk)[target.pk, PLACE]
    assert [one["start"] for one in report["series"]] == [one["start"] for one in result.detail["series"]]
    assert report["done"] == result.samples
    assert backends() == 0
    assert claims.hold(database_of(target), uuid7())


def test_a_load_test_that_is_cancelled_stops_at_once_and_keeps_what_it_measured(pool, target):
    run = ask("load", target, **LONG_LOAD)
    until(lambda: under_way(run), pool.said)
    dispatch.cancel_run(run)
    # The promise is a second; the rest is for a machine that is busy with other tests.
    until(lambda: waiting("record") == 1, pool.said, seconds=4)
    assert backends() == 0
    pump(["record"])
    run.refresh_from_db()
    assert (run.state, run.done, run.failed) == ("cancelled", 1, 0)
    result = only_result(run)
    assert (result.ok, result.detail["stopped"]) == (True, "cancelled")
    assert result.samples > 0
    assert result.detail["elapsed"] < LONG_LOAD["seconds"]
    again = ask("load", target, clients=1, seconds=0.5)
    until(lambda: ended(again), pool.said)
    assert only_result(again).ok


@pytest.mark.parametrize("kind", ["latency", "health"])
def test_other_kinds_that_are_cancelled_give_way_at_once_and_have_no_result(
    pool, target, make_connection, kind
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = make_connection("mute", port=silent.getsockname()[1], connect_timeout=60)
        run = ask("latency", target, **LONG_LATENCY) if kind == "latency" else ask("health", mute)
        until(lambda: not waiting(f"probes.{PLACE}"), pool.said)
        dispatch.cancel_run(run)
        after = ask("connection", target)
        until(lambda: ended(after), pool.said)
    pump(["record"])
    assert history.of_run(run) == []
    run.refresh_from_db()
    assert (run.state, run.done) == ("cancelled", 0)


def test_a_load_test_whose_worker_is_killed_has_one_result_and_is_not_repeated(pool, target):
    run = ask("load", target, **LONG_LOAD)
    until(lambda: under_way(run), pool.said)
    for pid in pool.children():
        os.kill(pid, signal.SIGKILL)
    # As if the time had passed after which its worker counts as lost and its lock is gone.
    job = run.jobs.get().pk
    claims.release(job)
    claims.let_go(database_of(target), job)
    until(lambda: ended(run), pool.said)
    result = only_result(run)
    assert (result.error_code, result.ours) == ("worker_lost", True)
    assert "not repeated" in result.hint
    assert (Job.objects.filter(run=run).count(), waiting(f"load.{PLACE}")) == (1, 0)
    until(lambda: backends() == 0, pool.said)
    again = ask("load", target, clients=1, seconds=0.5)
    until(lambda: ended(again), pool.said)
    assert only_result(again).ok


def allow_logins(allowed: bool) -> None:
    """Into our own database. Sessions that are open, as this test's own, stay so."""
    with psycopg.connect(servers.postgres.url(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {database.settings_dict['NAME']} ALLOW_CONNECTIONS {allowed}")


@pytest.fixture
def recorder() -> Iterator[Pool]:
    """A recorder that begins while the database lets nobody in."""
    allow_logins(False)
    try:
        with Pool(["record"], database=servers.postgres.url(database.settings_dict["NAME"])) as running:
            yield running
    finally:
        allow_logins(True)


def test_what_a_load_test_found_outlives_a_database_that_is_away(target, recorder):
    run = ask("load", target, place="oslo", clients=1, seconds=0.5)
    pump(["load.oslo"])
    # As if the time had passed for which its worker lives on after its end.
    claims.release(run.jobs.get().pk)
    until(claims.database_was_away, recorder.said)
    for _ in range(60):
        run.jobs.filter(settled_at=None).update(due_at=timezone.now())
        reaper.reap()
        time.sleep(0.05)
    run.refresh_from_db()
    assert run.is_open
    allow_logins(True)
    until(lambda: bool(history.of_run(run)), recorder.said)
    assert only_result(run).ok
    run.refresh_from_db()
    assert run.state == "finished"


def test_no_worker_counts_as_lost_while_the_recorder_misses_its_database(target, monkeypatch):
    monkeypatch.setattr(claims, "AWAY_SECONDS", 1)
    run = ask("load", target, place="oslo", clients=1, seconds=0.5)
    pump(["load.oslo"])
    claims.release(run.jobs.get().pk)
    assert take("record")
    claims.note_database_away()
    assert not ended(run)
    until(lambda: ended(run))
    assert only_result(run).error_code == "worker_lost"


def test_a_load_test_through_a_pooler_holds_the_database_behind_it(pool, target, make_connection):
    pooled = make_connection("through the pooler", port=6432, pooled=True, twin=target)
    assert claims.hold(database_of(target), uuid7())
    run = ask("load", pooled, clients=1, seconds=1)
    until(lambda: ended(run), pool.said)
    assert only_result(run).error_code == "load_under_way"


def test_a_load_test_does_not_begin_while_another_worker_holds_its_database(pool, target):
    assert claims.hold(database_of(target), uuid7())
    run = ask("load", target, clients=1, seconds=1)
    until(lambda: ended(run), pool.said)
    result = only_result(run)
    assert (result.error_code, result.error_phase, result.ours) == ("load_under_way", "worker", True)
    assert backends() == 0


def test_a_load_test_that_nobody_can_reach_any_more_stops(target, monkeypatch):
    monkeypatch.setattr(claims, "LOAD", replace(claims.LOAD, alone=1.0))
    run = ask("load", target, place="oslo", **LONG_LOAD)
    _, args, _ = take("load.oslo")
    worker = threading.Thread(target=tasks.run_probes, args=args)
    worker.start()
    until(lambda: under_way(run))
    servers.valkey.kill()
    try:
        until(lambda: backends() == 0)
    finally:
        servers.valkey.start()
    worker.join()
    pump(["record"])
    result = only_result(run)
    assert (result.ok, result.detail["stopped"]) == (True, "unattended")
    assert result.samples > 0


def test_a_load_test_stops_though_the_broker_was_away_while_its_run_was_cancelled(pool, target):
    run = ask("load", target, **LONG_LOAD)
    until(lambda: under_way(run), pool.said)
    servers.valkey.kill()
    try:
        dispatch.cancel_run(run)
    finally:
        servers.valkey.start()
    reaper.reap()
    until(lambda: backends() == 0, pool.said)
    until(lambda: waiting("record") == 1, pool.said)
    pump(["record"])
    assert only_result(run).detail["stopped"] == "cancelled"


def test_the_broker_learns_of_no_host_from_a_lock(target):
    claims.hold(database_of(target), uuid7())
    assert not any(b"127.0.0.1" in key for key in broker.client().keys("meridian:load:*"))


@pytest.mark.parametrize("appetite", ["hungry", "stuffed"])
def test_a_server_that_takes_too_much_memory_ends_alone_with_its_own_worker(make_connection, appetite):
    greedy = make_connection("greedy", database=appetite)
    neighbours = [make_connection(f"neighbour {number}") for number in range(3)]
    with Pool(["probes.oslo"], include="tests.rigs.hungry") as pool:
        before = pool.memory()
        run = ask("connection", greedy, *neighbours, place="oslo")
        until(lambda: ended(run), pool.said, seconds=60)
        assert pool.memory() < before + (64 << 20)
    results = {one.connection_id: one for one in history.of_run(run)}
    assert results[greedy.pk].error_code == "worker_lost"
    assert all(results[one.pk].ok for one in neighbours)


def test_a_bug_of_ours_in_a_load_test_is_told_as_our_fault(target, monkeypatch):
    def run_load(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(load, "run_load", run_load)
    run = ask("load", target, place="oslo", clients=1, seconds=0.5)
    pump(["load.oslo", "record"])
    result = only_result(run)
    assert (result.error_code, result.ours) == ("internal_error", True)
    assert claims.hold(database_of(target), uuid7())
