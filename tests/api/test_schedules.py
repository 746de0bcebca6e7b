"""Schedules over HTTP: the same rules as on pages, in the API's one form of error."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connections.models import Connection
from probes import schedules
from probes.models import Kind, Run, Schedule
from probes.schedules import Draft

pytestmark = pytest.mark.django_db

GIVEN = {"name": "nightly", "kind": "health", "cron": "0 3 * * *", "time_zone": "Europe/Berlin"}


@pytest.fixture
def made(user) -> Schedule:
    return schedules.create(Draft(name="made", kind=Kind.CONNECTION, every_seconds=60), user=user)


def test_a_schedule_is_created_read_changed_and_deleted(program, user):
    answer = program.post("/schedules", GIVEN)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["owner"], told["paused"], told["scope"]) == ("ada", False, "all")
    path = f"/schedules/{told['id']}"
    assert program.get(path).json() == told
    changed = program.patch(path, {"every_seconds": 300, "cron": "", "jitter_seconds": 5}).json()
    assert (changed["every_seconds"], changed["cron"], changed["name"]) == (300, "", "nightly")
    assert program.get("/schedules").json()["count"] == 1
    assert program.delete(path).status_code == 204
    assert program.get(path).status_code == 404


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({}, "body.every_seconds", "between 10 seconds and 31 days"),
        ({"every_seconds": 0}, "body.every_seconds", "between 10 seconds and 31 days"),
        ({"every_seconds": 100 * 365 * 86_400}, "body.given.every_seconds", "less than or equal"),
        ({"every_seconds": 60, "cron": "0 3 * * *"}, "body", "and not both"),
        ({"cron": "0 0 30 2 *"}, "body.cron", "No month has such a day"),
        ({"cron": "* * * * * *"}, "body.cron", "no seconds"),
        ({"cron": "0 3 * * *", "time_zone": "Mars/Olympus"}, "body.time_zone", "no time zone"),
        ({"every_seconds": 60, "time_zone": "Nowhere/Land"}, "body.time_zone", "no time zone"),
        ({"every_seconds": 60, "jitter_seconds": 61}, "body.jitter_seconds", "at most 60"),
        ({"every_seconds": 60, "scope": "connections"}, "body.connections", "at least one"),
        (
            {"every_seconds": 60, "scope": "connections", "connections": [9]},
            "body.connections",
            "no connection 9",
        ),
        ({"every_seconds": 60, "scope": "regions", "words": ["x"]}, "body.words", "no region x"),
        ({"every_seconds": 60, "scope": "tags", "words": ["x" * 65]}, "body.words", "64"),
        ({"every_seconds": 60, "scope": "moon"}, "body.given.scope", "Input should be"),
        ({"every_seconds": 60, "params": {"samples": 5}}, "body.params.samples", "not a setting"),
        ({"every_seconds": 60, "name": " "}, "body.name", "blank"),
        ({"every_seconds": 60, "extra": 1}, "body.given.extra", "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(program, given, field, said):
    answer = program.post("/schedules", {"name": "x", **given})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert said in error["message"]
    assert Schedule.objects.count() == 0


def test_what_is_not_named_is_read_when_nobody_else_can_change_it(program, made):
    with CaptureQueriesContext(connection) as asked:
        assert program.patch(f"/schedules/{made.pk}", {"name": "other"}).status_code == 200
    reads = [
        one["sql"] for one in asked if one["sql"].startswith("SELECT") and '"every_seconds"' in one["sql"]
    ]
    assert "FOR UPDATE" in reads[0]


def test_names_are_given_once(program, made):
    answer = program.post("/schedules", {"name": "MADE", "every_seconds": 60})
    assert answer.status_code == 422
    assert "has this name" in answer.text


def test_pausing_resuming_and_running(program, made, make_connection):
    path = f"/schedules/{made.pk}"
    assert program.post(f"{path}/pause").json()["next_at"] is None
    assert program.post(f"{path}/resume").json()["paused"] is False
    assert program.post(f"{path}/run").status_code == 422
    make_connection()
    answer = program.post(f"{path}/run")
    assert (answer.status_code, answer.json()["source"]) == (202, "api")
    assert made.runs.get().source == Run.Source.API
    assert program.post(f"{path}/run").status_code == 409


def test_the_same_key_is_the_same_run_of_a_schedule(program, made, make_connection):
    make_connection()
    path, key = f"/schedules/{made.pk}/run", {"Idempotency-Key": "abc"}
    first = program.post(path, headers=key)
    again = program.post(path, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"] == str(made.runs.get().pk)
    assert program.post(path, headers={"Idempotency-Key": "other"}).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_get_one_run_of_a_schedule(program, made, make_connection):
    make_connection(active=False)
    Connection.objects.update(active=True)
    path, answers = f"/schedules/{made.pk}/run", []

    def ask() -> None:
        try:
            answers.append(program.post(path, headers={"Idempotency-Key": "race"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["id"] for answer in answers} == {str(made.runs.get().pk)}


def test_whoever_waits_for_a_schedules_run_gets_it_with_its_results(program, made, make_connection):
    make_connection()
    run = Run.objects.get(pk=program.post(f"/schedules/{made.pk}/run?wait=0.01").json()["id"])
    run.count(done=1, failed=0)
    answer = program.post(f"/schedules/{made.pk}/run?wait=0.01", headers={"Idempotency-Key": "abc"})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert program.post(f"/schedules/{made.pk}/run?wait=-1").status_code == 422
    Run.objects.get(pk=answer.json()["id"]).count(done=1, failed=0)
    answer = program.post(f"/schedules/{made.pk}/run?wait=5", headers={"Idempotency-Key": "abc"})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_what_became_of_its_starts(program, made):
    schedules.tick(made.next_at)
    [tick] = program.get(f"/schedules/{made.pk}/ticks").json()
    assert (tick["outcome"], tick["run"], tick["reason"]) == ("skipped", None, "No connection is active.")


def test_own_sql_takes_the_right_and_is_shown_to_those_who_have_it(program, asked):
    own = {"name": "own", "kind": "load", "every_seconds": 3600}
    own["params"] = {"clients": 1, "seconds": 1, "workload": "sql", "sql": "SELECT 1"}
    assert asked.post("/schedules", own).status_code == 403
    told = program.post("/schedules", own).json()
    assert told["params"]["sql"] == "SELECT 1"
    assert "sql" not in asked.get(f"/schedules/{told['id']}").json()["params"]
    assert asked.post(f"/schedules/{told['id']}/run").status_code == 403


@pytest.mark.parametrize("how", ["get", "patch", "delete", "pause", "resume", "run", "ticks"])
def test_a_schedule_that_is_not_there_is_a_404(program, how):
    path = "/schedules/999999"
    asked = {
        "get": lambda: program.get(path),
        "patch": lambda: program.patch(path, {"name": "x"}),
        "delete": lambda: program.delete(path),
        "ticks": lambda: program.get(f"{path}/ticks"),
    }
    answer = asked.get(how, lambda: program.post(f"{path}/{how}"))()
    assert answer.status_code == 404


def test_without_a_token_nobody_hears_of_schedules(stranger):
    assert stranger.get("/api/schedules").status_code == 401
