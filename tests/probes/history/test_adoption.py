"""An installation takes up what its server offers later on: at once or in two goes, and it loses nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from probes.history import adoption, editions, policies, retention, rollup, statements
from probes.history.editions import Edition
from probes.history.status import status
from probes.models import Result, Upkeep
from tests.rigs import timescale
from tests.rigs.results import REFUSED, add, every, result

DAY = timedelta(days=1)


@pytest.fixture(
    scope="module", autouse=True, params=[Edition.APACHE, Edition.COMMUNITY], ids=["apache", "community"]
)
def edition(request, django_db_setup, django_db_blocker) -> Iterator[Edition]:
    """What the server is going to offer."""
    made = timescale.make(request.param)
    try:
        with made.in_use(), django_db_blocker.unblock():
            made.migrate()
            yield request.param
    finally:
        made.remove()


@pytest.fixture
def extend(edition) -> Iterator[Callable[[], None]]:
    """Gives the server TimescaleDB, which it does not have at the beginning.

    The community edition's build has but one session, and an extension comes with a new one: there it is only hidden.
    """
    with pytest.MonkeyPatch.context() as hidden:
        timescale.become_plain(extended=edition is Edition.COMMUNITY)
        if edition is Edition.COMMUNITY:
            hidden.setattr(editions, "look", lambda: editions.Layout(Edition.PLAIN))

        def appear() -> None:
            hidden.undo()
            if edition is Edition.APACHE:
                with connection.cursor() as cursor:
                    cursor.execute("CREATE EXTENSION timescaledb")
                connection.close()

        yield appear


@pytest.fixture
def kept(extend, settings) -> None:
    """Results of twelve days, of which the first seven are only hours any more."""
    now = datetime.now(UTC)
    add(*(result(pk, moment) for pk in (1, 2) for moment in every(DAY / 4, now - 12 * DAY, 48)))
    while rollup.advance(now):
        pass
    settings.TIMESCALE_RETENTION_DAYS = 5
    while retention.drop_results(now):
        pass
    settings.TIMESCALE_RETENTION_DAYS = 90
    assert editions.look() == editions.Layout(Edition.PLAIN)


def hours() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bucket, connection_id, checks, good, p50_ms FROM result_hourly ORDER BY bucket, connection_id"
        )
        return cursor.fetchall()


def adopt() -> str:
    out = StringIO()
    call_command("history", "adopt", stdout=out)
    return out.getvalue()


def test_without_the_extension_it_says_what_is_missing(kept):
    with pytest.raises(CommandError, match="CREATE EXTENSION timescaledb"):
        adopt()


def test_rows_and_hours_are_the_same_afterwards(kept, extend, edition):
    rows, before = set(Result.objects.values_list("pk", flat=True)), hours()
    assert len(before) > len(rows)
    extend()
    assert not editions.look().complete
    assert edition.value in adopt()
    assert editions.look().complete
    assert set(Result.objects.values_list("pk", flat=True)) == rows
    assert hours() == before


def test_adopting_again_changes_nothing(kept, extend):
    extend()
    adopt()
    before, layout = hours(), editions.look()
    assert "Moving" not in adopt()
    assert (hours(), editions.look()) == (before, layout)


def test_an_interruption_leaves_everything_as_it_was_and_the_next_go_does_it(kept, extend, monkeypatch):
    before = hours()
    extend()

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rollup, "draw_view", interrupted)
    with pytest.raises(KeyboardInterrupt):
        adopt()
    monkeypatch.undo()
    assert not editions.look().hypertable
    assert hours() == before
    adopt()
    assert editions.look().complete
    assert hours() == before


def test_an_interruption_while_hours_are_filled_is_made_up_for_by_housekeeping(
    kept, extend, edition, monkeypatch
):
    if edition is not Edition.COMMUNITY:
        pytest.skip("Only the community edition fills hours.")
    before = hours()
    extend()

    def interrupted(*args: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(policies, "agree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        adopt()
    monkeypatch.undo()
    assert hours() == before
    steps = 0
    while policies.agree(datetime.now(UTC)):
        assert hours() == before
        steps += 1
    assert steps > 1
    assert policies.policies()
    assert hours() == before


def test_the_migration_run_again_takes_up_the_extension_too(kept, extend):
    before = hours()
    extend()
    adoption.establish()
    assert editions.look().complete
    assert hours() == before


def test_an_aggregate_of_another_definition_is_reported_and_made_again(kept, extend, edition, monkeypatch):
    if edition is not Edition.COMMUNITY:
        pytest.skip("Only the community edition has a continuous aggregate.")
    now = datetime.now(UTC)
    add(result(1, now - DAY, **REFUSED))
    extend()
    adopt()
    with connection.cursor() as cursor:
        cursor.execute("SELECT drop_chunks('probes_result', older_than => %s)", [now - 3 * DAY])
    before = hours()
    assert not editions.look().outdated
    assert status().missing == []

    monkeypatch.setattr(statements, "OURS", "(error_code = 'tcp_refused')")
    assert editions.look().outdated
    assert "another version" in " ".join(status().missing)
    adopt()
    assert status().missing == []
    assert set(policies.policies()) == {"compress_after", "drop_after", "refresh_from", "drop_hours_after"}
    assert policies.filled_until() is not None
    touched = rollup.hour_of(now - DAY)
    assert len(before) > Result.objects.count()
    assert [hour for hour in hours() if hour[0] != touched] == [hour for hour in before if hour[0] != touched]
    assert checks_in(touched, hours()) == checks_in(touched, before) - 1


def checks_in(bucket: datetime, rows: list[tuple[Any, ...]]) -> int:
    return sum(checks for at, _, checks, *_ in rows if at == bucket)


def test_columns_are_found_by_name_whatever_a_table_has_besides(kept):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE probes_rolledup ADD COLUMN later bigint")
    now = datetime.now(UTC)
    add(result(1, now - timedelta(hours=5)))
    while rollup.fold_again() or rollup.advance(now + timedelta(hours=1)):
        pass
    assert hours()


def test_new_results_go_on_as_before(kept, extend, edition):
    extend()
    adopt()
    count = len(hours())
    add(result(3, datetime.now(UTC)))
    assert len(hours()) == count + 1
    assert (Upkeep.objects.get().watermark is None) == (edition is Edition.COMMUNITY)


def test_the_migrations_can_be_undone_and_done_again(kept, extend):
    extend()
    adopt()
    call_command("migrate", "probes", "0003", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('result_hourly'), to_regclass('probes_rolledup')")
        assert cursor.fetchone() == (None, None)
    call_command("migrate", verbosity=0)
    assert editions.look().complete
    assert hours()
