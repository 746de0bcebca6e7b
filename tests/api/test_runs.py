"""Asking for runs over the API: the same flow as the pages, once for each key, and waiting for the end."""

import asyncio
import threading
import time
import uuid

import pytest
from django.db import connection as database
from django.utils import timezone

from connections.models import Connection
from probes import repeats, waiting
from probes.models import Kind, Run, RunKey, Vantage
from tests.rigs.results import REFUSED, add, result

pytestmark = pytest.mark.django_db


@pytest.fixture
def target(make_connection) -> Connection:
    return make_connection(active=False)


def started() -> int:
    return Run.objects.filter(source=Run.Source.API).count()


@pytest.mark.parametrize("kind", Kind.values)
def test_a_run_of_each_kind_is_accepted_and_told_where_it_is(asked, target, kind, somebody):
    answer = asked.post(f"/connections/{target.pk}/{kind}")
    assert answer.status_code == 202
    run = Run.objects.get(pk=answer.json()["id"])
    assert (run.kind, run.source, run.requested_by, run.total) == (kind, "api", somebody, 1)
    assert asked.get(answer["Location"].removeprefix("/api")).json()["id"] == str(run.pk)


def test_options_reach_the_run(asked, target):
    body = {"params": {"samples": 7}, "vantages": ["home"]}
    run = asked.post(f"/connections/{target.pk}/latency", body).json()
    assert run["params"] == {"samples": 7}


def test_a_region_and_all_regions_mean_the_active_connections(asked, make_connection, region):
    make_connection("here", region=region)
    make_connection("off", region=region, active=False)
    make_connection("elsewhere")
    assert asked.post(f"/test/connection/{region.code}").json()["total"] == 1
    assert asked.post(f"/test/latency/{region.code}", {"params": {"samples": 3}}).json()["total"] == 1
    assert asked.post("/test/all-regions").json()["total"] == 2
    assert asked.post("/test/all-regions", {"kind": "health"}).json()["kind"] == "health"


def test_chosen_connections_are_asked_for_by_their_numbers(asked, make_connection):
    one, two = make_connection("one", active=False), make_connection("two", active=False)
    answer = asked.post("/runs", {"kind": "health", "connections": [one.pk, two.pk, one.pk, 10**9]})
    assert (answer.json()["total"], answer.json()["kind"]) == (2, "health")


def test_the_same_key_and_the_same_request_are_the_same_run(asked, target):
    path = f"/connections/{target.pk}/latency"
    first = asked.post(path, {"params": {"samples": 3}}, headers={"Idempotency-Key": "abc"})
    again = asked.post(path, {"params": {"samples": 3}, "vantages": []}, headers={"Idempotency-Key": "abc"})
    assert first.json()["id"] == again.json()["id"]
    assert started() == 1


@pytest.mark.parametrize("path", ["latency", "health"])
def test_a_key_cannot_be_used_for_another_request(asked, target, path):
    asked.post(f"/connections/{target.pk}/latency", headers={"Idempotency-Key": "abc"})
    other = {"params": {"samples": 4}} if path == "latency" else None
    answer = asked.post(f"/connections/{target.pk}/{path}", other, headers={"Idempotency-Key": "abc"})
    assert answer.status_code == 422
    assert "new key" in answer.json()["detail"]
    assert started() == 1


def test_a_key_belongs_to_one_person_and_lasts_a_day(asked, program, target):
    path = f"/connections/{target.pk}/connection"
    mine = asked.post(path, headers={"Idempotency-Key": "abc"}).json()["id"]
    assert program.post(path, headers={"Idempotency-Key": "abc"}).json()["id"] != mine
    RunKey.objects.update(created_at=timezone.now() - repeats.KEPT)
    assert asked.post(path, headers={"Idempotency-Key": "abc"}).json()["id"] != mine
    RunKey.objects.update(created_at=timezone.now() - repeats.KEPT)
    repeats.forget_keys()
    assert not RunKey.objects.exists()


def test_what_was_refused_leaves_its_key_free(asked, target):
    path = f"/connections/{target.pk}/latency"
    assert asked.post(path, {"params": {"samples": 0}}, headers={"Idempotency-Key": "k"}).status_code == 422
    assert asked.post(path, {"params": {"samples": 1}}, headers={"Idempotency-Key": "k"}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_get_one_run(asked, make_connection):
    path, answers = f"/connections/{make_connection(active=False).pk}/connection", []

    def ask() -> None:
        try:
            answers.append(asked.post(path, headers={"Idempotency-Key": "race"}))
        finally:
            database.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert started() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_gets_the_run_with_its_results(asked, make_connection):
    target, answers = make_connection(active=False), []

    def ask() -> None:
        try:
            answers.append(asked.post(f"/connections/{target.pk}/connection?wait=60"))
        finally:
            database.close()

    waits = threading.Thread(target=ask)
    waits.start()
    while not (run := Run.objects.filter(source=Run.Source.API).first()):
        time.sleep(0.01)
    # No worker runs here, so the recorder's work is done by hand.
    add(result(target.pk, run.created_at, run_id=run.pk, **REFUSED))
    run.count(done=1, failed=1)
    waits.join()
    [answer] = answers
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["failed"]) == ("finished", 1)
    [found] = answer.json()["results"]
    assert (found["connection"], found["error_code"]) == ("target", "tcp_refused")


def test_whoever_waits_too_short_gets_the_run_as_it_is(asked, target):
    answer = asked.post(f"/connections/{target.pk}/connection?wait=0.01")
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"


def test_all_who_wait_are_one_question(target, monkeypatch):
    """However many wait for however many runs."""
    runs = [Run(kind=Kind.CONNECTION, total=1) for _ in range(20)]
    questions = []

    def ended(run_ids: list[uuid.UUID]) -> set[uuid.UUID]:
        questions.append(len(run_ids))
        return set(run_ids)

    monkeypatch.setattr(waiting, "_ended", ended)

    async def wait() -> None:
        await asyncio.gather(*(waiting.until_ended(run.pk, 60) for run in runs for _ in range(5)))

    asyncio.run(wait())
    assert questions == [20]


def test_who_waits_is_counted_and_not_for_how_many_runs(monkeypatch):
    monkeypatch.setattr(waiting, "MOST_WAITING", 3)
    monkeypatch.setattr(waiting, "_ended", set)
    run = Run(kind=Kind.CONNECTION, total=1)

    async def answered_at_once() -> list[bool]:
        waits = [asyncio.create_task(waiting.until_ended(run.pk, 60)) for _ in range(5)]
        await asyncio.sleep(0)
        found = [one.done() for one in waits]
        await asyncio.gather(*waits)
        await waiting.until_ended(run.pk, 60)
        return found

    assert asyncio.run(answered_at_once()) == [False] * 3 + [True] * 2


@pytest.mark.parametrize("wait", ["-1", "301", "1000000", "soon", "nan", "inf", ""])
def test_the_time_to_wait_is_bounded(asked, target, wait):
    answer = asked.post(f"/connections/{target.pk}/connection?wait={wait}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.wait"
    assert not started()


def test_runs_are_listed_page_by_page_newest_first(asked, target):
    ids = [asked.post(f"/connections/{target.pk}/health").json()["id"] for _ in range(5)]
    asked.post(f"/connections/{target.pk}/connection")
    page = asked.get("/runs?kind=health&limit=3").json()
    rest = asked.get(f"/runs?kind=health&limit=3&before={page['older']}").json()
    assert [run["id"] for run in page["items"] + rest["items"]] == ids[::-1]
    assert rest["older"] is None
    assert len(asked.get("/runs?state=queued&source=api").json()["items"]) == 6


def test_a_run_is_stopped_once(asked, target):
    run = asked.post(f"/connections/{target.pk}/connection").json()
    assert asked.post(f"/runs/{run['id']}/cancel").json()["state"] == "cancelled"
    assert asked.post(f"/runs/{run['id']}/cancel").status_code == 409


def test_results_of_a_large_run_come_in_parts(asked, make_connection):
    run = Run.objects.create(kind=Kind.CONNECTION, source=Run.Source.PAGE, total=5, done=5)
    made = [make_connection(f"c{number}", active=False) for number in range(5)]
    add(*(result(one.pk, run.created_at, run_id=run.pk) for one in made))
    first = asked.get(f"/runs/{run.pk}?limit=3").json()["results"]
    rest = asked.get(f"/runs/{run.pk}?limit=3&offset=3").json()["results"]
    assert [one["connection"] for one in first + rest] == [one.name for one in made]


def test_a_load_test_of_a_busy_database_waits_for_its_turn(asked, target):
    assert asked.post(f"/connections/{target.pk}/load").status_code == 202
    answer = asked.post(f"/connections/{target.pk}/load")
    assert answer.status_code == 409
    assert "under way" in answer.json()["detail"]


def test_a_load_test_from_two_vantages_is_refused(asked, target):
    Vantage.objects.create(code="tokyo", name="Tokyo")
    answer = asked.post(f"/connections/{target.pk}/load", {"vantages": ["home", "tokyo"]})
    assert answer.status_code == 422
    assert "one vantage" in answer.json()["detail"]


def test_ones_own_statement_takes_a_right(asked, program, target):
    body = {"params": {"workload": "sql", "sql": "SELECT 42"}}
    assert asked.post(f"/connections/{target.pk}/load", body).status_code == 403
    run = program.post(f"/connections/{target.pk}/load", body).json()
    assert run["params"]["sql"] == "SELECT 42"
    assert "sql" not in asked.get(f"/runs/{run['id']}").json()["params"]
