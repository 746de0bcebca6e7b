"""The Workers page shows what the pools told and what waits for them; no worker is asked, and silence shows as such."""

import json
import time
from types import SimpleNamespace

import pytest
import redis
from django.urls import reverse
from kombu import Queue as KombuQueue

from config.celery import app
from probes import broker, dispatch, heartbeats, queues, tasks, vantages
from probes.models import Job, Kind, Run, Vantage
from probes.workers import Site
from tests.rigs import servers
from tests.rigs.pool import Pool, until

JOB = "01990000-0000-7000-8000-000000000001"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A worker's parent process that has only just begun."""
    monkeypatch.setattr(heartbeats, "parent", heartbeats.Parent())


PROCESSES = {"processes": [11, 12], "max-concurrency": 2}


def beats(*names: str, node: str = "probes@here", doing=(), done: int = 0, info=PROCESSES) -> None:
    """What Celery keeps in a worker's parent process, told as its heartbeat tells it."""
    state = SimpleNamespace(active_requests=set(doing), all_total_count=[done])
    pool = SimpleNamespace(info=info)
    heartbeats.remember_name(sender=node)
    heartbeats.remember_controller(sender=SimpleNamespace(controller=SimpleNamespace(state=state, pool=pool)))
    taken = {name: KombuQueue(name) for name in names}
    app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=taken)))
    vantages.announce(sender=SimpleNamespace(eventer=SimpleNamespace(app=app)))


class Request:
    """A task that a worker has accepted."""

    def __init__(self, name: str, *args: str) -> None:
        self.name, self.args = name, args
        self.worker_pid, self.time_start = 11, time.time() - 5
        self.delivery_info = {"routing_key": "probes.home"}
        self.request_dict: dict[str, float] = {}


def test_a_pool_shows_its_processes_and_what_each_is_doing(client):
    beats("probes.home", doing=[Request("probes.run", JOB, "sealed-token")], done=7)
    [worker] = Site.look().workers
    assert (worker.name, worker.pool, worker.takes) == ("probes@here", "probes", ["probes.home"])
    assert [(one.pid, one.words, one.job) for one in worker.doing] == [(11, "Testing", JOB)]
    assert worker.idle == [12]
    assert worker.done == 7
    page = client.get(reverse("workers")).content.decode()
    assert reverse("job", args=[JOB]) in page
    assert "Idle" in page
    assert "sealed-token" not in page


def test_a_pool_of_threads_shows_how_many_are_idle(client):
    beats(
        "assistant",
        node="assistant@here",
        info={"threads": 1, "max-concurrency": 24},
        doing=[Request("other")],
    )
    [worker] = Site.look().workers
    assert (worker.slots, worker.processes, worker.idle_threads) == (24, [], 23)
    assert "23 threads" in client.get(reverse("workers")).content.decode()


def test_of_other_tasks_no_argument_is_told(client):
    beats("probes.home", doing=[Request("probes.try", "sealed-token")])
    assert b"sealed-token" not in b"".join(broker.client().hvals(vantages.KEY))
    assert "Testing before saving" in client.get(reverse("workers")).content.decode()


def test_a_job_leads_to_its_run(client, make_connection):
    connection = make_connection()
    run = dispatch.request_run(kind=Kind.CONNECTION, connections=[connection], source=Run.Source.PAGE)
    job = Job.objects.filter(run=run).get()
    assert client.get(reverse("job", args=[job.pk])).url == reverse("run-detail", args=[run.pk])
    assert client.get(reverse("job", args=[JOB])).status_code == 404


def test_the_wait_on_a_queue_is_told_before_and_after_a_message_is_taken():
    tasks.run_probes.apply_async(args=[JOB, "token"], queue="probes.home")
    [text] = broker.client().lrange("probes.home", 0, -1)
    message = json.loads(text)
    message["headers"][heartbeats.PUBLISHED] -= 40
    broker.client().lset("probes.home", 0, json.dumps(message))
    beats("probes.home")
    waiting = {queue.name: queue for queue in Site.look().queues}["probes.home"]
    assert (waiting.depth, waiting.waited) == (1, None)
    assert waiting.oldest is not None
    assert 40 <= waiting.oldest < 70

    broker.client().delete("probes.home")
    request = Request("probes.run", JOB, "token")
    request.request_dict = message["headers"]
    heartbeats.note_wait(request=request)
    beats("probes.home")
    taken = {queue.name: queue for queue in Site.look().queues}["probes.home"]
    assert (taken.depth, taken.oldest) == (0, None)
    assert taken.waited is not None
    assert 40 <= taken.waited < 70


def test_a_message_that_does_not_say_when_it_was_sent_has_no_age():
    broker.client().lpush("probes.home", json.dumps({"headers": {}}))
    [queue] = [one for one in Site.look().queues if one.name == "probes.home"]
    assert (queue.depth, queue.oldest) == (1, None)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "\xff",
        "[]",
        "7",
        "null",
        "{}",
        '{"headers": null}',
        '{"headers": {"meridian_published": "now"}}',
    ],
)
def test_a_message_that_cannot_be_read_has_no_age_and_hides_nothing(client, message):
    beats("probes.home")
    broker.client().lpush("probes.home", message.encode("latin-1"))
    [queue] = [one for one in Site.look().queues if one.name == "probes.home"]
    assert (queue.depth, queue.oldest) == (1, None)
    assert client.get(reverse("workers")).status_code == 200


def test_a_queue_that_nobody_takes_from_is_named(client):
    beats("probes.home")
    missing = {queue.name for queue in Site.look().queues if not queue.takers}
    assert missing == {"load.home", queues.RECORD, queues.HOUSEKEEPING, queues.ASSISTANT}
    assert client.get(reverse("workers")).content.decode().count("■ nobody") == 4


def test_tasks_are_counted_over_the_last_minute():
    for done in range(100, 100 + 10 * heartbeats.BEATS_A_MINUTE, 10):
        beats("probes.home", done=done)
    beats("probes.home", done=done + 5)
    [worker] = Site.look().workers
    assert worker.per_minute == 10 * (heartbeats.BEATS_A_MINUTE - 1) + 5


def test_a_worker_that_says_nothing_counts_as_silent(client, monkeypatch):
    beats("probes.home")
    monkeypatch.setattr(vantages, "SILENT_AFTER", -1.0)
    site = Site.look()
    assert [worker.silent for worker in site.workers] == [True]
    assert all(not queue.takers for queue in site.queues)


@pytest.fixture
def killed() -> str:
    """A pool of another vantage that told of itself and was killed half an hour ago."""
    return lost("tokyo:77", "probes@tokyo", seconds=1_800)


def lost(key: str, node: str, *, seconds: float) -> str:
    sign = {
        "at": time.time() - seconds,
        "takes": ["probes.tokyo"],
        "node": node,
        "slots": 4,
        "processes": [78],
    }
    broker.client().hset(vantages.KEY, key, json.dumps(sign))
    return key


def test_a_pool_that_was_killed_stays_on_the_page_as_silent(client, killed):
    Vantage.objects.create(code="tokyo")
    beats(*queues.queues_of("home"))
    page = client.get(reverse("workers")).content.decode()
    assert "silent since" in page
    assert "probes@tokyo" in page
    assert "process 77" in page
    site = Site.look(["tokyo"])
    assert {one.name: one.silent for one in site.workers} == {"probes@here": False, "probes@tokyo": True}
    assert site.slots == 2
    assert [one.takers for one in site.queues if one.name == "probes.tokyo"] == [[]]


def test_the_queues_of_every_active_vantage_are_told_and_of_no_other(client):
    Vantage.objects.create(code="tokyo")
    Vantage.objects.create(code="closed", active=False)
    page = client.get(reverse("workers")).content.decode()
    for name in queues.queues_of("tokyo"):
        assert f">{name}<" in page
    assert "probes.closed" not in page


def test_a_pool_that_was_killed_is_forgotten_after_an_hour(killed):
    long_ago = lost("tokyo:66", "probes@kyoto", seconds=3_700)
    vantages.away("home")
    kept = {key.decode() for key in broker.client().hkeys(vantages.KEY)}
    assert killed in kept
    assert long_ago not in kept


def test_a_pool_that_was_killed_is_forgotten_when_it_was_started_again(killed):
    beats("probes.tokyo", node="probes@tokyo")
    vantages.away("home")
    assert [one.silent for one in Site.look().workers] == [False]


def test_a_silent_pool_of_home_is_missed_at_once_and_no_longer_when_it_is_back(killed, monkeypatch):
    beats(*queues.queues_of("home"), queues.RECORD, queues.HOUSEKEEPING, queues.ASSISTANT)
    assert vantages.away("home") == [vantages.REAPER]
    monkeypatch.setattr(vantages, "SILENT_AFTER", -1.0)
    assert "probes.home" in vantages.away("home")
    monkeypatch.undo()
    assert vantages.away("home") == [vantages.REAPER]


def test_the_last_error_of_a_pool_is_shown_as_text_without_passwords(client):
    beats("record", node="recorder@here")
    error = OSError("cannot reach redis://:hunter2@10.0.0.1/0 <script>\nmore")
    heartbeats.note_failure(
        sender=SimpleNamespace(name="probes.record"), exception=error, args=["not-a-run-of-ours"]
    )
    [worker] = Site.look().workers
    assert worker.failed is not None
    assert worker.failed.error == "OSError: cannot reach redis://…@10.0.0.1/0 <script>"
    heartbeats.note_failure(sender=SimpleNamespace(name="probes.reap"), exception=error)
    page = client.get(reverse("workers")).content.decode()
    assert "hunter2" not in page
    assert "&lt;script&gt;" in page


def test_an_open_page_asks_again_and_gets_only_its_live_part(client):
    page = client.get(
        reverse("workers"), headers={"HX-Request": "true", "HX-Target": "live"}
    ).content.decode()
    assert page.lstrip().startswith("<main")
    assert 'hx-trigger="every 2s"' in page
    assert "No worker has told that it lives" in page


def test_without_the_broker_the_page_says_so(client, monkeypatch):
    servers.valkey.kill()
    try:
        answer = client.get(reverse("workers"))
    finally:
        servers.valkey.start()
    assert answer.status_code == 200
    assert "The message broker does not answer" in answer.content.decode()


def test_the_page_is_for_those_who_signed_in(stranger):
    assert stranger.get(reverse("workers")).status_code == 302
    assert stranger.post(reverse("workers")).status_code in {302, 403, 405}


def test_a_real_pool_tells_all_of_this_and_what_it_failed_at():
    app.send_task("probes.try", args=["a token is missing"], queue="probes.test-pool")
    with Pool(["probes.test-pool"], children=2) as pool:
        until(lambda: bool(told()) and told()[0].done == 1 and told()[0].failed is not None, pool.said)
        [worker] = told()
        assert sorted(worker.processes) == sorted(pool.children())
        assert worker.failed is not None
        assert worker.failed.task == "probes.try"
        assert worker.failed.error.startswith("TypeError")


def told():
    try:
        return Site.look().workers
    except redis.RedisError:
        return []
