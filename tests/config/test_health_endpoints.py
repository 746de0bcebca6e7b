"""/healthz says that the process lives, /readyz whether it can do its work, and neither tells anything else."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.signals import request_started
from django.db import OperationalError
from django.db import connection as database
from django.test import Client
from kombu import Queue

from config.stack.ports import free_port
from probes import broker, queues, vantages
from tests.rigs import servers

ALL = [*queues.queues_of("home"), queues.RECORD, queues.HOUSEKEEPING, queues.ASSISTANT]


@pytest.fixture
def no_database(transactional_db):
    """Every new connection to our own database goes to a port on which nobody listens."""
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(database.settings_dict, "PORT", free_port())
        yield


def worker_lives(*names: str) -> None:
    """What the worker's parent process notes at each of its heartbeats."""
    taken = {name: Queue(name) for name in names}
    app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=taken)))
    vantages.announce(sender=SimpleNamespace(eventer=SimpleNamespace(app=app)))


def everything_lives() -> None:
    worker_lives(*ALL)
    vantages.note_reaper()


def expect_no_secret(text: str) -> None:
    for url in (servers.postgres.url(), servers.valkey.url):
        parts = urlsplit(url)
        for word in (parts.password, parts.hostname, str(parts.port)):
            assert word not in text


def test_everything_that_lives_makes_it_ready(stranger):
    everything_lives()
    answer = stranger.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert told.pop("history")["edition"] == "PostgreSQL without TimescaleDB"
    assert told == {
        "status": "ready",
        "parts": {"database": "ok", "broker": "ok", "workers": "ok", "beat": "ok"},
    }


def test_workers_on_several_machines_count_together(stranger):
    worker_lives(*ALL[:1])
    [text] = broker.client().hvals(vantages.KEY)
    broker.client().hset(vantages.KEY, "elsewhere:1", text)
    worker_lives(*ALL[1:])
    vantages.note_reaper()
    assert stranger.get("/readyz").status_code == 200


@pytest.mark.parametrize("missing", ALL)
def test_a_queue_that_no_worker_takes_from_is_named(stranger, missing):
    worker_lives(*[name for name in ALL if name != missing])
    vantages.note_reaper()
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert answer.json()["parts"] == {
        "database": "ok",
        "broker": "ok",
        "workers": f"No live worker takes from: {missing}.",
        "beat": "ok",
    }


def test_beat_that_is_away_is_named(stranger):
    worker_lives(*ALL)
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    parts = answer.json()["parts"]
    assert "beat" in parts.pop("beat")
    assert set(parts.values()) == {"ok"}


def test_a_worker_that_ends_in_order_is_missed_at_once(stranger):
    everything_lives()
    vantages.leave(sender=None)
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    for name in ALL:
        assert name in answer.json()["parts"]["workers"]


def test_a_part_that_said_nothing_for_long_is_missed(stranger, monkeypatch):
    everything_lives()
    monkeypatch.setattr(vantages, "SILENT_AFTER", -1.0)
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert "probes.home" in answer.json()["parts"]["workers"]
    assert answer.json()["parts"]["beat"] != "ok"


def test_another_site_s_workers_do_not_make_this_one_ready(stranger, settings):
    everything_lives()
    settings.VANTAGE = "elsewhere"
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert "probes.elsewhere" in answer.json()["parts"]["workers"]


def test_without_the_broker_it_says_so_and_guesses_nothing(stranger):
    everything_lives()
    servers.valkey.kill()
    try:
        answer = stranger.get("/readyz")
        alive = stranger.get("/healthz")
    finally:
        servers.valkey.start()
    assert answer.status_code == 503
    assert answer.json()["parts"] == {
        "database": "ok",
        "broker": "The broker does not answer.",
        "workers": "Unknown, because the broker does not answer.",
        "beat": "Unknown, because the broker does not answer.",
    }
    expect_no_secret(answer.text)
    assert alive.status_code == 200


def test_without_the_database_it_says_so(no_database):
    everything_lives()
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {
        "database": "The database does not answer.",
        "broker": "ok",
        "workers": "ok",
        "beat": "ok",
    }
    expect_no_secret(answer.text)
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_a_connection_that_the_database_ended_is_replaced(transactional_db):
    everything_lives()
    with database.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    Client().get("/readyz")
    request_started.send(sender=None)
    assert Client().get("/readyz").status_code == 200


def test_the_process_lives_whatever_is_away(stranger):
    assert (stranger.get("/healthz").status_code, stranger.get("/readyz").status_code) == (200, 503)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_only_read(stranger, path):
    assert stranger.post(path).status_code == 405
    assert stranger.head(path).content == b""


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_behind_https_it_answers_a_balancer_that_speaks_http(stranger, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert stranger.get(path).status_code in {200, 503}
    assert stranger.get("/login/").status_code == 301


def test_what_is_not_ready_holds_no_secret_and_no_address(stranger):
    expect_no_secret(stranger.get("/readyz").text)
    assert django_settings.SECRET_KEY not in stranger.get("/readyz").text
