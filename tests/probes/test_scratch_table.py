"""The scratch table is made and dropped by a worker, only when somebody with the right asks for just that."""

import re

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from probes import broker
from probes.engine.load.scratch import TABLE
from tests.rigs import servers
from tests.rigs.pump import pump, waiting

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def target(make_connection):
    """A connection to a database of its own, so that no other test meets the table."""
    with psycopg.connect(servers.postgres.url(), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS scratched")
        admin.execute("CREATE DATABASE scratched")
    connection = make_connection("orders", database="scratched")
    broker.client().flushall()
    yield connection
    with psycopg.connect(servers.postgres.url(), autocommit=True) as admin:
        admin.execute("DROP DATABASE scratched WITH (FORCE)")


def ask(client, connection, **fields: str) -> str:
    answer = client.post(f"/connections/{connection.pk}/scratch/", fields, headers=HTMX)
    assert answer.status_code == 200
    return re.search(r'hx-get="([^"?]+)', answer.text)[1]


def rows() -> int | None:
    with psycopg.connect(servers.postgres.url("scratched")) as connection:
        if connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()[0] is None:
            return None
        return connection.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0]


def test_it_is_made_by_a_load_worker_and_dropped_again(client, target):
    outcome = ask(client, target, rows="500")
    assert waiting("load.home") == 1
    assert "Working on it" in client.get(outcome).text
    assert rows() is None
    pump()
    assert "has 500 rows" in client.get(outcome).text
    assert rows() == 500

    outcome = ask(client, target, rows="500", drop="1")
    pump()
    assert "The scratch table is gone" in client.get(outcome).text
    assert rows() is None


def test_a_worker_with_another_key_says_so_and_makes_none(client, target, settings):
    outcome = ask(client, target, rows="500")
    right, settings.VAULT_KEYS = settings.VAULT_KEYS, ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMzI="]
    pump(["load.home"])
    settings.VAULT_KEYS = right
    pump()
    assert "could not open the job" in client.get(outcome).text
    assert rows() is None


def test_a_table_that_is_not_ours_is_left_alone(client, target):
    with psycopg.connect(servers.postgres.url("scratched")) as connection:
        connection.execute(f"CREATE TABLE {TABLE} (id int)")
    outcome = ask(client, target, drop="1")
    pump()
    assert "scratch_foreign" in client.get(outcome).text
    assert rows() == 0


def test_a_server_that_refuses_is_told(client, target):
    target.port = 1
    target.save()
    broker.client().flushall()
    outcome = ask(client, target, rows="500")
    pump()
    assert "tcp_refused" in client.get(outcome).text


@pytest.mark.parametrize("typed", ["", "0", "99", "5000001", "x", "nan", "9" * 400, "1.5"])
def test_nonsense_for_its_size_is_refused(client, target, typed):
    answer = client.post(f"/connections/{target.pk}/scratch/", {"rows": typed}, headers=HTMX)
    assert answer.status_code == 422
    assert waiting("load.home") == 0


def test_it_takes_a_right(target):
    somebody = Client()
    somebody.force_login(get_user_model().objects.create(username="bob", password="!"))
    answer = somebody.post(f"/connections/{target.pk}/scratch/", {"rows": "500"}, headers=HTMX)
    assert answer.status_code == 422
    assert "were given the right to make scratch tables" in answer.text
    assert waiting("load.home") == 0


def test_an_absent_broker_is_told(client, target):
    servers.valkey.kill()
    try:
        answer = client.post(f"/connections/{target.pk}/scratch/", {"rows": "500"}, headers=HTMX)
        assert "queue cannot be reached" in answer.text
    finally:
        servers.valkey.start()
