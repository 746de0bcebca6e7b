"""A run is accepted durably, and every probe of it is counted once."""

import base64
import json

import pytest
from django.db import transaction
from django.utils import timezone

from connections import vault
from probes import broker, claims, dispatch, history, reaper, recorder, tasks
from probes.jobs import SealedJob
from probes.models import Job, Kind, Latest, Result, Run
from tests.rigs import servers
from tests.rigs.pump import pump, take, waiting

pytestmark = pytest.mark.django_db(transaction=True)


def request(*connections, **kwargs) -> Run:
    return dispatch.request_run(
        kind=Kind.CONNECTION, connections=connections, source=Run.Source.PAGE, **kwargs
    )


def forget_saving() -> None:
    """Clears the first test that saving a connection asked for."""
    Run.objects.all().delete()
    broker.client().flushall()


def test_a_run_travels_from_request_to_history(make_connection, user):
    good = make_connection("good")
    bad = make_connection("bad", password="not this one")
    forget_saving()

    run = request(good, bad, user=user)
    pump()

    run.refresh_from_db()
    assert (run.state, run.total, run.done, run.failed) == ("finished", 2, 2, 1)
    assert run.requested_by == user
    stored = {one.connection_id: one for one in history.of_run(run)}
    assert stored[good.pk].ok
    assert stored[good.pk].query_ms > 0
    assert stored[good.pk].tls_ms > 0
    assert stored[good.pk].server_version.startswith("17")
    assert not stored[bad.pk].ok
    assert (stored[bad.pk].error_code, stored[bad.pk].error_phase) == ("auth_failed", "auth")
    assert stored[bad.pk].sqlstate == "28P01"


def test_failures_are_stored_and_become_the_latest(make_connection):
    bad = make_connection("bad", port=1)
    pump()
    latest = Latest.objects.get(connection=bad)
    assert not latest.ok
    assert latest.error_code == "tcp_refused"


def test_nothing_is_accepted_when_the_transaction_fails(make_connection):
    connection = make_connection()
    forget_saving()
    with transaction.atomic():
        request(connection)
        transaction.set_rollback(True)
    assert Run.objects.count() == 0
    assert waiting("probes.home") == 0


def test_an_empty_choice_is_refused(db):
    with pytest.raises(dispatch.NothingToTest):
        request()


def test_connections_with_a_made_up_history_are_left_out(make_connection):
    real = make_connection()
    made_up = make_connection("synthetic-00001", host="synthetic-00001.invalid", tags=["synthetic"])
    run = request(real, made_up)
    assert [job.connection_ids for job in run.jobs.all()] == [[real.pk]]
    with pytest.raises(dispatch.MadeUp, match="made up"):
        request(made_up)


def test_the_same_connection_twice_is_probed_once(make_connection):
    connection = make_connection()
    assert request(connection, connection).total == 1


def test_a_message_delivered_twice_is_probed_once(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    _, args, _ = take("probes.home")
    tasks.run_probes(*args)
    tasks.run_probes(*args)
    assert waiting("record") == 1
    pump()
    assert len(history.of_run(run)) == 1


def test_outcomes_delivered_twice_are_counted_once(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    pump(["probes.home"])
    _, args, _ = take("record")
    recorder.record(*args)
    recorder.record(*args)
    run.refresh_from_db()
    assert (run.done, Result.objects.count()) == (1, 1)


def test_the_broker_never_sees_a_host_or_a_password(make_connection):
    connection = make_connection(password="s3cret-in-the-clear")
    forget_saving()
    request(connection)
    [body] = broker.client().lrange("probes.home", 0, -1)
    message = base64.b64decode(json.loads(body)["body"]).decode() + body.decode()
    assert "s3cret-in-the-clear" not in message
    assert "127.0.0.1" not in message
    assert "password" not in message


def test_a_run_waits_in_the_outbox_while_the_broker_is_away(make_connection):
    connection = make_connection()
    forget_saving()
    servers.valkey.kill()
    try:
        run = request(connection)
        assert Job.objects.unpublished().count() == 1
    finally:
        servers.valkey.start()
    reaper.reap()
    pump()
    run.refresh_from_db()
    assert run.state == "finished"


def due(run: Run) -> list[Job]:
    """Lets the time pass after which the reaper looks at the run's jobs."""
    run.jobs.filter(settled_at=None).update(due_at=timezone.now())
    return list(Job.objects.due())


def test_a_lost_message_is_published_again(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    assert take("probes.home")
    due(run)
    reaper.reap()
    pump()
    run.refresh_from_db()
    assert run.state == "finished"


def test_a_message_that_still_waits_is_left_alone(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    due(run)
    reaper.reap()
    assert waiting("probes.home") == 1
    assert run.jobs.count() == 1


def test_a_worker_that_lives_is_left_alone(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    take("probes.home")
    [job] = due(run)
    claims.take(job.pk)
    reaper.reap()
    assert run.jobs.count() == 1


def test_a_late_copy_of_a_message_that_was_replaced_does_nothing(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    _, args, _ = take("probes.home")
    due(run)
    reaper.reap()
    tasks.run_probes(*args)
    assert waiting("record") == 0
    pump()
    assert len(history.of_run(run)) == 1


def lose(run: Run) -> None:
    """Takes the run's messages and lets their workers die without a word."""
    while take("probes.home"):
        pass
    for job in due(run):
        claims.take(job.pk)
        claims.release(job.pk)
    reaper.reap()


def test_a_batch_whose_worker_died_runs_again_in_small_groups_and_then_one_by_one(make_connection):
    connections = [make_connection(f"target {number}") for number in range(20)]
    forget_saving()
    run = request(*connections)
    lose(run)
    second = list(run.jobs.filter(settled_at=None))
    assert sorted(len(job.connection_ids) for job in second) == [2, 2, 8, 8]
    assert {job.attempt for job in second} == {2}
    lose(run)
    third = list(run.jobs.filter(settled_at=None))
    assert sorted(job.connection_ids for job in third) == sorted([one.pk] for one in connections)
    assert {job.attempt for job in third} == {3}
    pump()
    run.refresh_from_db()
    assert (run.state, run.done, run.failed) == ("finished", 20, 0)


def test_after_three_lost_workers_the_probe_ends_as_our_own_fault(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    for _ in range(3):
        lose(run)
    run.refresh_from_db()
    assert run.state == "finished"
    [result] = history.of_run(run)
    assert (result.error_code, result.error_phase) == ("worker_lost", "worker")
    assert result.ours


def test_a_password_that_no_key_opens_is_our_fault_and_not_the_databases(make_connection):
    connection = make_connection()
    forget_saving()
    type(connection).objects.update(password_sealed="deadbeef.gAAAAA")
    run = request(connection)
    run.refresh_from_db()
    assert run.state == "finished"
    [result] = history.of_run(run)
    assert (result.error_code, result.error_phase) == ("vault_unreadable", "worker")
    assert "deadbeef" in result.hint


def test_a_connection_deleted_while_it_waits_leaves_the_run(make_connection):
    kept, gone = make_connection("kept"), make_connection("gone")
    forget_saving()
    run = request(kept, gone)
    gone.delete()
    pump()
    run.refresh_from_db()
    assert (run.state, run.total, run.done) == ("finished", 1, 1)


def test_a_deleted_connection_leaves_the_run_once_however_often_its_job_is_repeated(make_connection):
    kept, other, gone = make_connection("kept"), make_connection("other"), make_connection("gone")
    forget_saving()
    run = request(kept, other, gone)
    lose(run)
    gone.delete()
    lose(run)
    pump()
    run.refresh_from_db()
    assert (run.state, run.total, run.done, run.failed) == ("finished", 2, 2, 0)


def test_a_connection_deleted_while_its_probe_runs_takes_no_other_result_with_it(make_connection):
    kept, gone = make_connection("kept"), make_connection("gone")
    forget_saving()
    run = request(kept, gone)
    pump(["probes.home"])
    gone.delete()
    pump()
    run.refresh_from_db()
    assert (run.state, run.total, run.done) == ("finished", 1, 1)
    assert [one.connection_id for one in history.of_run(run)] == [kept.pk]


def test_a_run_of_nothing_but_deleted_connections_ends(make_connection):
    gone = make_connection("gone")
    forget_saving()
    run = request(gone)
    gone.delete()
    run.refresh_from_db()
    assert (run.state, run.total) == ("finished", 0)


def test_a_job_that_breaks_the_reaper_keeps_it_from_no_other(make_connection, monkeypatch):
    first, second = make_connection("first"), make_connection("second")
    forget_saving()
    broken, healthy = request(first), request(second)
    while take("probes.home"):
        pass
    due(broken)
    due(healthy)
    looked_at = reaper.history.missing

    def missing(run, vantage, ids):
        if run == broken:
            raise ValueError("a bug of ours")
        return looked_at(run, vantage, ids)

    monkeypatch.setattr(reaper.history, "missing", missing)
    reaper.reap()
    monkeypatch.undo()
    pump()
    healthy.refresh_from_db()
    assert healthy.state == "finished"


def test_a_pool_with_another_key_says_so_and_blames_no_database(make_connection, settings):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    right = settings.VAULT_KEYS
    settings.VAULT_KEYS = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMzI="]
    pump(["probes.home"])
    settings.VAULT_KEYS = right
    pump()
    run.refresh_from_db()
    assert run.state == "finished"
    [result] = history.of_run(run)
    assert (result.error_code, result.ours) == ("job_unreadable", True)
    assert "MERIDIAN_VAULT_KEYS" in result.hint


@pytest.mark.parametrize("change", [{"from_tomorrow": 1}, {"targets": [{"key": 1}]}])
def test_a_job_of_another_version_says_so_and_blames_no_database(make_connection, monkeypatch, change):
    connection = make_connection()
    forget_saving()
    seal = SealedJob.seal
    monkeypatch.setattr(
        SealedJob,
        "seal",
        lambda job: vault.seal(json.dumps(json.loads(vault.open_sealed(seal(job))) | change)),
    )
    run = request(connection)
    pump()
    [result] = history.of_run(run)
    assert (result.error_code, result.ours) == ("job_unreadable", True)
    assert "Another version of Meridian sealed it" in result.hint


def test_a_cancelled_run_starts_nothing_more(make_connection):
    connection = make_connection()
    forget_saving()
    run = request(connection)
    assert dispatch.cancel_run(run)
    assert not dispatch.cancel_run(run)
    pump()
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert history.of_run(run) == []


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (2, [1, 1]), (100, [50, 50]), (250, [84, 83, 83])])
def test_batches_are_even(count, sizes):
    found = dispatch.batches(list(range(count)), 100)
    assert [len(batch) for batch in found] == sizes
    assert sorted(pk for batch in found for pk in batch) == list(range(count))
