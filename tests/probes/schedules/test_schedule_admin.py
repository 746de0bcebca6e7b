"""The admin keeps schedules by the rules of their own pages, and runs, pauses and resumes those that are selected."""

import json
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from probes import live
from probes.models import Kind, Run, Schedule

pytestmark = pytest.mark.django_db

PATH = "/admin/probes/schedule/"
GIVEN = {
    "name": "nightly",
    "kind": "latency",
    "params": '{"samples": 50}',
    "scope": "connections",
    "words": "",
    "every_seconds": "",
    "cron": "0 3 * * *",
    "time_zone": "Europe/Berlin",
    "jitter_seconds": "5",
}
NO_TICKS = {f"ticks-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}


def do(client, action: str, *schedules: Schedule) -> str:
    data = {"action": action, "index": "0", "_selected_action": [one.pk for one in schedules]}
    answer = client.post(PATH, data, follow=True)
    assert answer.status_code == 200
    return answer.text


def test_the_list_and_a_schedule_with_its_ticks_are_readable(client, make_schedule):
    from probes import schedules

    made = make_schedule("<b>nightly</b>")
    schedules.tick(made.next_at)
    for path in (PATH, f"{PATH}{made.pk}/change/"):
        text = client.get(path).text
        assert "&lt;b&gt;nightly&lt;/b&gt;" in text
        assert "<b>nightly" not in text
    assert "No connection is active." in text


def test_schedules_are_run_now(client, make_schedule, make_connection):
    make_connection()
    made = make_schedule()
    assert "was started" in do(client, "run_now", made)
    assert made.runs.get().source == Run.Source.ADMIN
    assert "is still going" in do(client, "run_now", made)


def test_schedules_are_paused_and_resumed(client, make_schedule):
    made, other = make_schedule("a"), make_schedule("b")
    assert "Paused: a, b." in do(client, "pause", made, other)
    made.refresh_from_db()
    assert made.paused
    do(client, "resume", made)
    made.refresh_from_db()
    assert not made.paused


def test_one_is_added_that_starts_and_belongs_to_whoever_added_it(client, user, make_connection):
    target = make_connection("orders")
    assert 'name="cron"' in client.get(f"{PATH}add/").text
    answer = client.post(f"{PATH}add/", {**GIVEN, "connections": [target.pk]}, follow=True)
    assert "was added successfully" in answer.text
    made = Schedule.objects.get()
    assert (made.name, made.params, made.cron, made.owner) == ("nightly", {"samples": 50}, "0 3 * * *", user)
    assert list(made.connections.all()) == [target]
    assert made.next_at


def test_one_is_changed_and_belongs_to_whoever_changed_it(client, user, make_schedule, make_connection):
    target = make_connection("orders")
    made = make_schedule(scope=Schedule.Scope.CONNECTIONS, connections=(target.pk,))
    Schedule.objects.update(owner=None)
    given = {
        **GIVEN,
        **NO_TICKS,
        "scope": "all",
        "connections": [target.pk],
        "every_seconds": "600",
        "cron": "",
    }
    answer = client.post(f"{PATH}{made.pk}/change/", given, follow=True)
    assert "was changed successfully" in answer.text
    made.refresh_from_db()
    assert (made.name, made.every_seconds, made.owner) == ("nightly", 600, user)
    assert not made.connections.exists(), "everything has no chosen connections"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cron": ""}, "between 10 seconds and 31 days"),
        ({"every_seconds": "60"}, "Give an interval or a cron line, and not both."),
        ({"cron": "0 0 30 2 *"}, "No month has such a day"),
        ({"time_zone": "Mars/Olympus"}, "There is no time zone"),
        ({"connections": []}, "Choose at least one connection."),
        ({"scope": "regions", "words": "nowhere"}, "There is no region nowhere."),
        ({"params": '{"samples": 0}'}, "samples"),
        ({"params": "[]"}, "Write the options by name."),
        ({"params": "{"}, "Enter a valid JSON."),
        ({"name": " "}, "This field is required."),
        ({"name": "TAKEN"}, "Another schedule has this name."),
        ({"jitter_seconds": "9999"}, "at most 3,600"),
        ({"kind": "load", "params": '{"workload": "sql", "sql": "\\u0000"}'}, "sql"),
    ],
)
def test_what_cannot_be_is_said_where_it_was_typed(client, make_schedule, make_connection, given, said):
    make_schedule("taken")
    sent = {**GIVEN, "connections": [make_connection().pk], **given}
    answer = client.post(f"{PATH}add/", sent)
    assert answer.status_code == 200
    assert said in unescape(answer.text)
    assert Schedule.objects.count() == 1


def test_it_takes_the_rights_that_its_test_takes(make_schedule):
    own = {"clients": 1, "seconds": 1, "workload": "sql", "sql": "SELECT from_the_vault"}
    kept = make_schedule("kept", kind=Kind.LOAD, params=own)
    grace = User.objects.create(username="grace", password="!", is_staff=True)
    rights = ["add_schedule", "change_schedule", "view_schedule"]
    grace.user_permissions.set(Permission.objects.filter(codename__in=rights))
    signed_in = Client()
    signed_in.force_login(grace)
    sent = {**GIVEN, "scope": "all", "kind": "load", "params": json.dumps(own)}
    assert "statements of their own" in signed_in.post(f"{PATH}add/", sent).text
    shown = signed_in.get(f"{PATH}{kept.pk}/change/").text
    assert "kept" in shown
    assert "from_the_vault" not in shown
    assert signed_in.post(f"{PATH}{kept.pk}/change/", {**GIVEN, **NO_TICKS}).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["one", "selected"])
def test_open_pages_are_told_when_one_is_deleted(client, make_schedule, how):
    made = make_schedule()
    before = live.seq(live.FLEET)
    if how == "one":
        client.post(f"{PATH}{made.pk}/delete/", {"post": "yes"})
    else:
        client.post(PATH, {"action": "delete_selected", "_selected_action": [made.pk], "post": "yes"})
    assert not Schedule.objects.exists()
    assert live.seq(live.FLEET) > before
