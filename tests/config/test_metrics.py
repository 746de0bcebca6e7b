"""/metrics is what Prometheus' own parser reads, tells nobody who may not know, and asks the same few questions for many
connections as for one."""

import gzip
import json
import math
import time

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import health
from connections.models import Connection, Region
from probes import broker, dispatch, vantages
from probes.models import Kind, Latest, Run, Vantage, uuid7
from tests.rigs import servers
from tests.rigs.results import GOOD, OURS, REFUSED

TOKEN = "tests-only-token"
HARD_NAME = 'a "quoted" \\ name\nof two lines, {é🐘}'


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def read(client: Client) -> str:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.content.decode()


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for metric in text_string_to_metric_families(text):
        assert metric.documentation
        for sample in metric.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def latest(connection: Connection, kind: str = Kind.CONNECTION, **fields) -> Latest:
    now = timezone.now()
    given = GOOD if fields.get("ok", True) else {"ok": False}
    return Latest(
        connection=connection,
        vantage="home",
        kind=kind,
        issued_at=now,
        run_id=uuid7(),
        started_at=now,
        finished_at=now,
        **{**given, **fields},
    )


def test_the_newest_results_are_told_with_their_phases_and_percentiles(stranger, make_connection):
    region = Region.objects.get_or_create(
        code="aws-eu-west-1",
        defaults={"name": "Ireland", "city": "Dublin", "country": "IE", "latitude": 53, "longitude": -6},
    )[0]
    one = make_connection("dublin", provider="aws", region=region)
    Latest.objects.bulk_create(
        [
            latest(one, queue_ms=12.0),
            latest(one, Kind.LATENCY, p50_ms=84.2, p95_ms=90.0, p99_ms=120.0, rate=11.5),
            latest(
                one,
                Kind.HEALTH,
                cache_hit_ratio=0.991,
                connections_used=7,
                size_bytes=10**12,
                lag_seconds=0.5,
            ),
        ]
    )
    found = samples(read(stranger))
    tested = {"connection": "dublin", "vantage": "home", "kind": "connection"}
    assert found["meridian_connection_info"] == [
        ({"connection": "dublin", "provider": "aws", "region": "aws-eu-west-1"}, 1)
    ]
    assert (tested, 1) in found["meridian_probe_success"]
    assert ({**tested, "phase": "tls"}, 0.003) in found["meridian_probe_phase_seconds"]
    assert found["meridian_probe_queue_seconds"] == [(tested, 0.012)]
    latency = {**tested, "kind": "latency"}
    assert found["meridian_probe_latency_seconds"] == [
        ({**latency, "percentile": "0.5"}, 0.0842),
        ({**latency, "percentile": "0.95"}, 0.09),
        ({**latency, "percentile": "0.99"}, 0.12),
    ]
    assert found["meridian_probe_rate"] == [(latency, 11.5)]
    health_check = {**tested, "kind": "health"}
    assert found["meridian_database_size_bytes"] == [(health_check, 1e12)]
    assert found["meridian_database_cache_hit_ratio"] == [(health_check, 0.991)]
    assert "meridian_database_connections_limit" not in found
    assert abs(found["meridian_probe_finished_timestamp_seconds"][0][1] - timezone.now().timestamp()) < 60
    assert {labels["state"]: value for labels, value in found["meridian_connections"]} == {"healthy": 1}


def test_a_failure_is_told_with_its_reason_and_times_nothing(stranger, make_connection):
    latest(make_connection("down"), **REFUSED).save()
    latest(make_connection("lost"), **OURS).save()
    make_connection("never tested")
    found = samples(read(stranger))
    # What our own side could not do must raise no alarm about a database.
    [(labels, value)] = found["meridian_probe_success"]
    assert (labels["connection"], value) == ("down", 0)
    assert {(one["connection"], one["code"], one["phase"]) for one, _ in found["meridian_probe_failure"]} == {
        ("down", "tcp_refused", "tcp"),
        ("lost", "worker_lost", "worker"),
    }
    assert "meridian_probe_duration_seconds" not in found
    states = {labels["state"]: value for labels, value in found["meridian_connections"]}
    assert states == {"unhealthy": 1, "unknown": 2}


def test_what_is_paused_or_deleted_is_not_told(stranger, make_connection):
    latest(make_connection("paused", active=False)).save()
    latest(make_connection("deleted", deleted_at=timezone.now())).save()
    assert "meridian_probe_success" not in samples(read(stranger))


def test_any_name_is_read_as_it_was_given(stranger, make_connection):
    one = make_connection()
    Connection.objects.filter(pk=one.pk).update(name=HARD_NAME)
    latest(one).save()
    [(tested, _)] = samples(read(stranger))["meridian_probe_success"]
    assert tested["connection"] == HARD_NAME


def test_runs_queues_and_parts_are_told(stranger, make_connection):
    dispatch.request_run(kind=Kind.CONNECTION, connections=[make_connection()], source=Run.Source.API)
    found = samples(read(stranger))
    assert ({"kind": "connection", "source": "api", "state": "queued"}, 1) in found[
        "meridian_runs_asked_lately"
    ]
    [(_, left)] = found["meridian_probes_open"]
    assert left >= 1
    depths = {labels["queue"]: value for labels, value in found["meridian_queue_depth"]}
    assert set(depths) >= {"probes.home", "load.home", "record", "housekeeping"}
    parts = {labels["part"]: value for labels, value in found["meridian_part_up"]}
    assert parts == {"database": 1, "broker": 1, "workers": 0, "beat": 0}
    assert found["meridian_web_process_cpu_seconds_total"][0][1] > 0


def test_a_pool_that_was_killed_is_down_and_its_queue_has_no_taker(stranger):
    Vantage.objects.create(code="tokyo")
    sign = {"at": time.time() - 60, "takes": ["probes.tokyo"], "node": "probes@tokyo", "slots": 4, "done": 9}
    broker.client().hset(vantages.KEY, "tokyo:77", json.dumps(sign))
    for _ in range(2):
        found = samples(read(stranger))
        worker = {"worker": "probes@tokyo", "host": "tokyo", "pid": "77"}
        assert found["meridian_worker_up"] == [(worker, 0)]
        assert "meridian_worker_slots" not in found
        takers = {labels["queue"]: value for labels, value in found["meridian_queue_takers"]}
        assert (takers["probes.tokyo"], takers["load.tokyo"]) == (0, 0)


def test_it_is_compressed_for_who_asks_and_for_nobody_else(stranger, make_connection):
    latest(make_connection()).save()
    told = {}
    for accepted in ("gzip, deflate", "identity"):
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": accepted}
        answer = stranger.get("/metrics", headers=headers)
        assert "Accept-Encoding" in answer.headers["Vary"]
        coding = answer.headers.get("Content-Encoding")
        told[coding] = gzip.decompress(answer.content) if coding else answer.content
    assert set(told) == {"gzip", None}
    assert all("meridian_probe_success" in samples(text.decode()) for text in told.values())


def test_many_connections_take_no_more_queries_than_one(stranger, make_connection):
    def queries() -> int:
        with CaptureQueriesContext(database) as asked:
            read(stranger)
        return len(asked)

    latest(make_connection("first")).save()
    alone = queries()
    for number in range(20):
        one = make_connection(f"no {number}")
        Latest.objects.bulk_create([latest(one), latest(one, Kind.HEALTH)])
    assert queries() == alone
    assert alone <= 6


def test_no_sample_is_told_twice_and_every_value_is_a_number(stranger, make_connection):
    for number in range(3):
        latest(make_connection(f"no {number}")).save()
    for name, told in samples(read(stranger)).items():
        assert len({tuple(sorted(labels.items())) for labels, _ in told}) == len(told), name
        assert not any(math.isnan(value) for _, value in told)


def test_without_the_broker_the_rest_is_told(stranger, make_connection):
    latest(make_connection()).save()
    servers.valkey.kill()
    try:
        found = samples(read(stranger))
    finally:
        servers.valkey.start()
    assert "meridian_probe_success" in found
    assert "meridian_queue_depth" not in found
    assert {labels["part"]: value for labels, value in found["meridian_part_up"]}["broker"] == 0


def test_without_the_database_it_still_answers_a_token(stranger, monkeypatch):
    monkeypatch.setattr(health, "database", lambda: "The database does not answer.")
    monkeypatch.setattr("config.metrics.of_database", unreachable)
    found = samples(read(stranger))
    assert {labels["part"]: value for labels, value in found["meridian_part_up"]}["database"] == 0
    assert "meridian_queue_depth" in found


def unreachable():
    raise OperationalError
    yield


@pytest.mark.parametrize("shown", ["Bearer wrong", "Bearer ", "Bearer", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_who_shows_another_token_is_refused_and_told_what_to_show(stranger, shown):
    answer = stranger.get("/metrics", headers={"Authorization": shown})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "MERIDIAN_METRICS_TOKEN" in answer.content.decode()
    assert TOKEN not in answer.content.decode()


def test_without_a_token_nobody_can_show_one(stranger, settings):
    settings.METRICS_TOKEN = ""
    for shown in ("Bearer ", "Bearer None", "Bearer x"):
        assert stranger.get("/metrics", headers={"Authorization": shown}).status_code == 401


def test_an_administrator_may_read_it_and_others_may_not(client, db):
    assert client.get("/metrics").status_code == 200
    other = Client()
    other.force_login(get_user_model().objects.create(username="bob", password="!", is_staff=True))
    assert other.get("/metrics").status_code == 401
    assert Client().get("/metrics").status_code == 401
    assert client.post("/metrics").status_code == 405


def test_it_holds_no_secret_and_no_address(stranger, make_connection, settings):
    one = make_connection(password="hunter2")
    latest(one, message="password hunter2", server_address="10.1.2.3").save()
    text = read(stranger)
    for secret in ("hunter2", "10.1.2.3", TOKEN, settings.SECRET_KEY, one.password_sealed, "127.0.0.1"):
        assert secret not in text


def test_behind_https_a_scraper_inside_may_speak_http(stranger, settings):
    settings.SECURE_SSL_REDIRECT = True
    read(stranger)
