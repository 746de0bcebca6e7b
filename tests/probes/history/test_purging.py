"""Deleting a connection answers at once; what it left is out of sight then, and gone a little later."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from connections import deleting
from connections.models import Connection
from probes import history
from probes.history import editions, housekeeping, locks, policies, purge, rollup
from probes.models import Latest, Purge, Result, Run
from tests.rigs.results import add, every, result

NOW = datetime(2026, 5, 4, 12, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = history.Window(NOW - timedelta(days=30), NOW)


def watched(name: str, count: int = 30) -> int:
    [made] = Connection.objects.bulk_create(
        [Connection(name=name, host="db.example", database="app", username="app", provider="neon")]
    )
    add(*(result(made.pk, moment) for moment in every(60 * MINUTE, NOW - count * 60 * MINUTE, count)))
    return made.pk


def roll() -> None:
    while rollup.advance(NOW) or policies.agree(NOW):
        pass


def hours_of(pk: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM result_hourly WHERE connection_id = %s", [pk])
        return cursor.fetchone()[0]


def kept_hours_of(pk: int) -> int:
    """Those in the tables below the view."""
    with connection.cursor() as cursor:
        found = 0
        for table in purge._rollups():
            cursor.execute(f"SELECT count(*) FROM {table} WHERE connection_id = %s", [pk])
            found += cursor.fetchone()[0]
    return found


def test_a_deleted_connection_is_out_of_sight_at_once_and_gone_later(kept):
    gone, stays = watched("gone"), watched("stays")
    roll()
    Connection.objects.get(pk=gone).delete()
    assert hours_of(gone) == 0
    assert {one.connection_id for one in history.newest(100)} == {stays}
    assert Result.objects.filter(connection_id=gone).count() == 30
    assert kept_hours_of(gone)
    for _ in range(3):
        housekeeping.purge_deleted()
    assert Result.objects.filter(connection_id=gone).count() == 0
    assert kept_hours_of(gone) == 0
    assert not Purge.objects.exists()
    assert hours_of(stays) == Result.objects.filter(connection_id=stays).count() == 30


def test_the_whole_way_of_a_deletion_touches_no_result_before_the_purge(kept):
    gone, stays = watched("gone"), watched("stays")
    roll()
    with CaptureQueriesContext(connection) as asked:
        deleting.hide(Connection.objects.get(pk=gone))
    touches_no_result(asked)
    assert {one.connection_id for one in history.newest(100)} == {stays}
    assert {one.connection_id for one in history.newest_checks(history.Filters(), WINDOW).results} == {stays}
    assert deleting.finish() == 0
    deleting.restore(gone)
    assert {one.connection_id for one in history.newest(100)} == {gone, stays}
    deleting.hide(Connection.objects.get(pk=gone))
    Connection.with_deleted.filter(pk=gone).update(deleted_at=NOW - 2 * deleting.KEPT)
    with CaptureQueriesContext(connection) as asked:
        assert deleting.finish() == 1
    touches_no_result(asked)
    assert hours_of(gone) == 0
    housekeeping.purge_deleted()
    assert (kept_hours_of(gone), hours_of(stays)) == (0, 30)
    assert set(Result.objects.values_list("connection_id", flat=True)) == {stays}


def touches_no_result(asked: CaptureQueriesContext) -> None:
    assert len(asked)
    for query in asked.captured_queries:
        assert not re.search("probes_result|rolledup|result_hourly", query["sql"])


def test_a_purge_goes_on_after_an_interruption(kept, monkeypatch):
    monkeypatch.setattr(purge, "AT_ONCE", 7)
    gone = watched("gone")
    Connection.objects.get(pk=gone).delete()
    assert purge.purge_some()
    assert Result.objects.count() == 23
    assert Purge.objects.exists()
    steps = 0
    while purge.purge_some():
        steps += 1
    assert Result.objects.count() == 0
    assert steps == 4


def test_several_deleted_connections_are_purged(kept):
    for pk in [watched(f"gone {number}", 3) for number in range(4)]:
        Connection.objects.get(pk=pk).delete()
    housekeeping.purge_deleted()
    assert Result.objects.count() == 0
    assert not Purge.objects.exists()


def test_a_deletion_that_is_rolled_back_hides_nothing(kept):
    pk = watched("stays")
    with transaction.atomic():
        Connection.objects.get(pk=pk).delete()
        transaction.set_rollback(True)
    assert hours_of(pk) == 30
    assert not Purge.objects.exists()


def test_the_latest_results_go_with_the_connection(kept):
    pk = watched("gone")
    newest = result(pk, NOW)
    with transaction.atomic():
        run = Run.objects.create(kind="connection", source="page", total=1, created_at=NOW)
        newest.run_id = run.pk
        history.record(run, [newest])
    assert Latest.objects.filter(connection_id=pk).exists()
    Connection.objects.get(pk=pk).delete()
    assert not Latest.objects.exists()


def test_results_in_compressed_chunks_are_purged(kept):
    if editions.look().edition is not editions.Edition.COMMUNITY:
        pytest.skip("Only the community edition compresses.")
    gone, stays = watched("gone", 200), watched("stays", 200)
    roll()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(compress_chunk(chunk)) FROM show_chunks('probes_result') AS chunk")
        assert cursor.fetchone()[0] > 5
    Connection.objects.get(pk=gone).delete()
    while purge.purge_some():
        pass
    assert (hours_of(gone), kept_hours_of(gone), hours_of(stays)) == (0, 0, 200)
    assert set(Result.objects.values_list("connection_id", flat=True)) == {stays}


@pytest.mark.django_db(transaction=True)
def test_of_two_beats_one_works_and_the_other_leaves():
    gone = watched("gone")
    Connection.objects.get(pk=gone).delete()
    other = connection.copy()
    try:
        with transaction.atomic(), connection.cursor() as mine:
            assert locks.only_one(mine)
            other.set_autocommit(False)
            with other.cursor() as theirs:
                assert not locks.only_one(theirs)
            other.rollback()
            other.set_autocommit(True)
    finally:
        other.close()
    assert purge.purge_some()
