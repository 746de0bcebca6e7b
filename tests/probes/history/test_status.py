"""What an operator reads about the history: in the terminal, from /readyz, and in the admin."""

import json
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import health
from connections.models import Connection
from probes.history import editions, policies, rollup
from probes.history.editions import Edition
from probes.history.status import status
from tests.rigs.results import add, result


@pytest.fixture
def now(db) -> datetime:
    """A history of three days, rolled up."""
    now = timezone.now()
    add(*(result(1, now - timedelta(days=age)) for age in range(3)))
    if not editions.look().aggregate:
        while rollup.advance(now):
            pass
    return now


def test_everything_that_the_server_offers_is_in_use(now, edition):
    found = status()
    assert found.edition == edition.value
    assert found.hypertable == (edition is not Edition.PLAIN)
    assert found.continuous_aggregate == (edition is Edition.COMMUNITY)
    assert bool(re.fullmatch(r"\d+\.\d+.*", found.version)) == (edition is not Edition.PLAIN)
    assert found.oldest_result == now - timedelta(days=2)
    assert found.results_bytes > 0
    assert found.rolled_up_bytes > 0


def test_chunks_are_days(now, edition):
    assert status().chunks == (0 if edition is Edition.PLAIN else 3)


def test_what_is_missing_depends_on_the_server(db, edition):
    sentences = " ".join(status().missing)
    assert ("CREATE EXTENSION timescaledb" in sentences) == (edition is Edition.PLAIN)
    assert ("shared_preload_libraries" in sentences) == (edition is Edition.PLAIN)
    assert ("community edition" in sentences) == (edition is Edition.APACHE)
    assert (sentences == "") == (edition is Edition.COMMUNITY)


def test_what_waits_to_be_purged_is_counted(db):
    now = timezone.now()
    [gone] = Connection.objects.bulk_create(
        [Connection(name="gone", host="db.example", database="app", username="app")]
    )
    add(result(gone.pk, now), result(gone.pk, now - timedelta(hours=1)))
    gone.delete()
    assert (status().connections_to_purge, status().rows_to_purge) == (1, 2)


def test_the_roll_up_tells_how_far_it_is(now, edition):
    if edition is not Edition.COMMUNITY:
        assert status().rolled_up_until == rollup.goal_of(now)
    else:
        assert status().rolled_up_until is None


def test_the_policies_are_told(kept, edition):
    if edition is not Edition.COMMUNITY:
        pytest.skip("Only the community edition has policies.")
    policies.agree(timezone.now())
    assert status().policies["compress_after"] == timedelta(days=7)


def test_the_command_prints_the_facts(now, edition):
    out = StringIO()
    call_command("history", "status", stdout=out)
    lines = out.getvalue()
    assert re.search(rf"^edition +{re.escape(edition.value)}$", lines, re.MULTILINE)
    assert re.search(r"^results bytes +[\d.]+ [KM]B$", lines, re.MULTILINE)
    assert ("Missing for more:" in lines) == (edition is not Edition.COMMUNITY)


def test_readyz_tells_the_same_and_stays_what_it_is(now, edition):
    answer = Client().get("/readyz").json()
    found = asdict(status())
    del found["rows_to_purge"]
    assert answer["history"] == json.loads(json.dumps(found, cls=DjangoJSONEncoder))
    assert answer["history"]["missing"] or edition is Edition.COMMUNITY
    assert "history" not in answer["parts"]


def test_readyz_does_not_wait_for_a_history_that_somebody_holds(kept, edition, monkeypatch):
    if edition is Edition.COMMUNITY:
        pytest.skip("The community edition's build serves one client at a time.")
    monkeypatch.setattr(health, "HISTORY_SECONDS", 0.2)
    with psycopg.connect(**connection.get_connection_params()) as mover:
        mover.execute("LOCK TABLE probes_result")
        answer = Client().get("/readyz").json()
    assert answer["history"] is None
    assert answer["parts"]["database"] == "ok"


def test_the_admin_shows_the_same(now, edition, client):
    page = client.get(reverse("admin:probes_upkeep_changelist"))
    assert page.status_code == 200
    assert edition.value in page.content.decode()


def test_the_admin_changes_nothing(client, stranger):
    assert client.get(reverse("admin:probes_upkeep_add")).status_code == 403
    assert stranger.get(reverse("admin:probes_upkeep_changelist")).status_code == 302


def test_an_empty_history_has_no_oldest_result(kept):
    assert status().oldest_result is None
