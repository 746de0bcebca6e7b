"""Meridian's own database may stand behind PgBouncer in transaction mode, which lends each session on."""

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connections.models import Connection
from probes import history
from probes.history import housekeeping
from probes.history.editions import Edition
from probes.models import Kind, Result, Run
from tests.rigs import pgbouncer
from tests.rigs.postgres import Cluster
from tests.rigs.results import result

MANY = 30


@pytest.fixture
def one_session(kept, edition) -> Iterator[None]:
    """Every client of ours gets the same session of the server."""
    if edition is Edition.COMMUNITY:
        pytest.skip("The community edition's build has one session anyway.")
    if pgbouncer.program() is None:
        assert not os.environ.get("CI"), "There is no PgBouncer, which .ci/run should have installed."
        pytest.skip("There is no PgBouncer on this machine: install the package pgbouncer.")
    settings = cast(dict[str, Any], connection.settings_dict)
    server = cast(Cluster, SimpleNamespace(port=settings["PORT"]))
    pool = pgbouncer.PgBouncer(
        server, {settings["USER"]: settings["PASSWORD"]}, settings={"default_pool_size": "1"}
    )
    pool.start()
    connection.close()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(settings, "PORT", pool.port)
            patch.setitem(settings, "OPTIONS", {"sslmode": "disable"})
            yield
            connection.close()
    finally:
        pool.stop()


@transaction.atomic
def deliver(run: Run, ids: list[int]) -> int:
    return len(history.record(run, [result(pk, run.created_at, run_id=run.pk) for pk in ids]))


def test_results_are_recorded_and_kept(one_session):
    ids = [
        one.pk
        for one in Connection.objects.bulk_create(
            Connection(name=f"target {number}", host="db.example", database="app", username="app")
            for number in range(MANY)
        )
    ]
    run = Run.objects.create(
        kind=Kind.CONNECTION, source=Run.Source.PAGE, total=MANY, created_at=timezone.now()
    )
    assert deliver(run, ids) == MANY
    connection.close()
    assert deliver(run, ids) == 0
    Connection.objects.get(pk=ids[0]).delete()
    for task in (housekeeping.roll_up, housekeeping.purge_deleted, housekeeping.retain):
        task()
        connection.close()
    assert Result.objects.count() == MANY - 1
