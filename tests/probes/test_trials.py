"""A test before saving: what a worker found reaches the form that asked, whatever happens on the way."""

import json
import re
import threading

import pytest

from config.celery import app
from probes import broker
from tests.rigs import servers
from tests.rigs.pump import pump

pytestmark = pytest.mark.django_db
OTHER_KEY = "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMzI="
FIELDS = {
    "name": "orders",
    "host": "127.0.0.1",
    "database": "meridian",
    "username": "nobody",
    "sslmode": "require",
    "connect_timeout": "5",
}


@pytest.fixture
def asked(client) -> str:
    """The address at which the form asks for what its trial found."""
    answer = client.post("/connections/try/", {**FIELDS, "port": str(servers.postgres.port)})
    return re.search(r'hx-get="([^"?]+)', answer.text)[1]


def test_the_form_shows_what_the_worker_found(client, asked):
    assert "Testing" in client.get(asked).text
    pump()
    assert "28" in client.get(asked).text


def test_what_was_found_is_kept_as_text_that_nobody_can_make_the_page_run(asked):
    pump()
    token = asked.strip("/").rsplit("/")[-1]
    [key] = broker.client().keys(f"*{token}*")
    assert json.loads(broker.client().get(key))["kind"] == "connection"


def test_a_worker_with_another_key_says_so_at_once(client, asked, settings):
    right, settings.VAULT_KEYS = settings.VAULT_KEYS, [OTHER_KEY]
    pump(["probes.home"])
    settings.VAULT_KEYS = right
    pump()
    text = client.get(asked).text
    assert "could not open the job" in text
    assert "MERIDIAN_VAULT_KEYS" in text


def test_what_was_found_waits_for_a_broker_that_comes_back(asked, client, monkeypatch):
    begin = threading.Timer(1.0, servers.valkey.start)

    def broken(*args, **kwargs):
        servers.valkey.kill()
        begin.start()
        # As in a worker that hands over for the first time: the queue is declared while the broker is away.
        with app.producer_or_acquire() as producer:
            producer.connection.declared_entities.clear()
        return {}

    monkeypatch.setattr("probes.work.gate.shut", broken)
    pump(["probes.home"])
    begin.join()
    pump(["record"])
    assert "28" in client.get(asked).text
