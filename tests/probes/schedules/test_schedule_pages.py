"""Schedules on pages: made, read, changed, paused, run and deleted, and every bad timing answered in words."""

import pytest
from django.urls import reverse
from django.utils import timezone

from probes import schedules
from probes.models import Kind, Run, Schedule

pytestmark = pytest.mark.django_db

NEW, LIST = "/schedules/new/", "/schedules/"
HTMX = {"HX-Request": "true"}


def typed(**fields) -> dict[str, object]:
    return {
        "name": "nightly",
        "kind": "connection",
        "scope": "all",
        "timing": "interval",
        "every": "5",
        "unit": "minute",
        "cron": "",
        "time_zone": "UTC",
        "jitter_seconds": "0",
        **fields,
    }


def preview(client, **fields) -> str:
    answer = client.post("/schedules/preview/", typed(**fields))
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_a_schedule_is_made_and_shown_with_its_next_start(client, user):
    answer = client.post(NEW, typed(name="<b>five</b>"))
    made = Schedule.objects.get()
    assert answer.url == reverse("schedule-detail", args=[made.pk])
    assert (made.every_seconds, made.owner, made.paused) == (300, user, False)
    for path in (LIST, answer.url):
        text = client.get(path).text
        assert "&lt;b&gt;five&lt;/b&gt;" in text
        assert "every 5 minutes" in text.lower()
        assert "<b>five" not in text


def test_by_htmx_the_browser_goes_to_the_new_schedule(client):
    answer = client.post(NEW, typed(), headers=HTMX)
    assert answer["HX-Redirect"] == reverse("schedule-detail", args=[Schedule.objects.get().pk])


def test_options_of_the_test_are_kept_and_shown_again(client):
    options = {"samples": "30", "interval_ms": "0", "warm_up": "2", "cold_connects": "0"}
    client.post(NEW, typed(kind="latency", **options))
    made = Schedule.objects.get()
    assert made.params == {"samples": 30, "interval_ms": 0, "warm_up": 2, "cold_connects": 0}
    assert 'value="30"' in client.get(reverse("schedule-edit", args=[made.pk])).text
    assert "30 round trips" in client.get(reverse("schedule-detail", args=[made.pk])).text


@pytest.mark.parametrize(
    ("kind", "field"),
    [("latency", "id_samples"), ("load", "id_clients"), ("connection", ""), ("nonsense", "")],
)
def test_the_form_offers_the_options_of_the_kind_that_is_chosen(client, kind, field):
    text = client.get("/schedules/options/", {"kind": kind}).text
    assert (field in text) if field else ("<input" not in text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"every": "0"}, "between 10 seconds and 31 days"),
        ({"every": "36500", "unit": "day"}, "between 10 seconds and 31 days"),
        ({"every": "9" * 39, "unit": "day"}, "between 10 seconds and 31 days"),
        ({"every": "-5"}, "between 10 seconds and 31 days"),
        ({"every": "0.51"}, "whole seconds"),
        ({"every": ""}, "between 10 seconds and 31 days"),
        ({"every": "often"}, "Enter a number in digits"),
        ({"unit": "century"}, "Select a valid choice"),
        ({"timing": "cron", "cron": ""}, "Write a cron line."),
        ({"timing": "cron", "cron": "0 0 30 2 *"}, "No month has such a day"),
        ({"timing": "cron", "cron": "* * * * * *"}, "five fields and no seconds"),
        ({"timing": "cron", "cron": "61 * * * *"}, "“61” is not a minute"),
        ({"timing": "cron", "cron": "0 3 * * *", "time_zone": "Mars/Olympus"}, "There is no time zone"),
        ({"timing": "cron", "cron": "\0 3 * * *"}, "Null characters"),
        ({"jitter_seconds": "301"}, "at most 300 seconds"),
        ({"jitter_seconds": "99999"}, "from 0 to 3,600"),
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 65}, "at most 64 characters"),
        ({"scope": "tags"}, "Choose at least one tag."),
        ({"scope": "connections", "connections": ["999999"]}, "There is no connection 999999."),
        ({"scope": "connections", "connections": ["x"]}, "Choose at least one connection."),
        ({"scope": "regions", "regions": ["atlantis"]}, "There is no region atlantis."),
        ({"scope": "providers", "providers": ["acme"]}, "There is no provider acme."),
        ({"kind": "latency", "samples": "0"}, "Enter a number"),
    ],
)
def test_what_cannot_be_is_answered_in_words_and_nothing_is_lost(client, fields, said):
    answer = client.post(NEW, typed(**fields))
    assert answer.status_code == 422
    assert said in answer.text
    assert "Nothing was saved" in answer.text
    assert Schedule.objects.count() == 0
    if fields.get("name") is None:
        assert 'value="nightly"' in answer.text


def test_a_name_is_given_once_whatever_its_capitals(client, make_schedule):
    make_schedule("Nightly")
    answer = client.post(NEW, typed())
    assert answer.status_code == 422
    assert "Another schedule has this name." in answer.text


def test_the_preview_shows_the_next_five_starts_and_how_many_match(client, make_connection):
    make_connection(tags=["eu"])
    text = preview(client, scope="tags", tags=["eu"])
    assert text.count("<li>") == 5
    assert "As of now it tests 1 connection." in text
    assert "Nothing matches as of now" in preview(client, scope="tags", tags=["us"])


def test_the_preview_tells_of_a_time_that_the_clock_jumps_over(client):
    text = preview(client, timing="cron", cron="30 2 * * *", time_zone="Europe/Berlin")
    assert "there is no 02:30 in Europe/Berlin" in text
    assert "it starts at 03:30 then" in text
    assert "02:30:00</time>" in text
    assert "UTC</small>" in text


@pytest.mark.parametrize("fields", [{"every": "0"}, {"timing": "cron", "cron": "0 0 31 2 *"}])
def test_the_preview_says_what_is_wrong(client, fields):
    assert "<li>" not in preview(client, **fields)


def test_a_preview_of_nothing_is_an_answer(client):
    assert client.post("/schedules/preview/", {}).status_code == 200


def test_a_schedule_is_changed_and_keeps_being_paused(client, make_schedule):
    made = make_schedule()
    schedules.pause(made.pk)
    path = reverse("schedule-edit", args=[made.pk])
    assert "Edit schedule" in client.get(path).text
    client.post(path, typed(timing="cron", cron=" 0  3 * * mon ", time_zone="Asia/Kolkata"))
    made.refresh_from_db()
    assert (made.cron, made.time_zone, made.every_seconds, made.paused) == (
        "0 3 * * mon",
        "Asia/Kolkata",
        None,
        True,
    )


def test_pausing_and_resuming_is_one_button(client, make_schedule):
    made = make_schedule()
    client.post(reverse("schedule-pause", args=[made.pk]), headers=HTMX)
    assert "Resume" in client.get(LIST).text
    client.post(reverse("schedule-resume", args=[made.pk]), headers=HTMX)
    made.refresh_from_db()
    assert made.next_at > timezone.now()


def test_run_now_starts_a_run_that_leads_back_to_its_schedule(client, user, make_schedule, make_connection):
    make_connection()
    Run.objects.all().delete()
    made = make_schedule("nightly")
    answer = client.post(reverse("schedule-run", args=[made.pk]))
    [run] = made.runs.all()
    assert answer.url == reverse("run-detail", args=[run.pk])
    assert (run.source, run.requested_by) == ("page", user)
    assert reverse("schedule-detail", args=[made.pk]) in client.get(answer.url).text
    again = client.post(reverse("schedule-run", args=[made.pk]), follow=True)
    assert "is still going" in again.text
    assert made.runs.count() == 1


def test_run_now_of_nothing_says_so(client, make_schedule):
    answer = client.post(reverse("schedule-run", args=[make_schedule().pk]), headers=HTMX)
    assert "nothing to test" in answer["HX-Trigger"]


def test_deleting_asks_first_and_keeps_the_runs(client, make_schedule, make_connection):
    make_connection()
    made = make_schedule()
    run = schedules.run_now(made.pk, user=made.owner, source=Run.Source.PAGE)
    path = reverse("schedule-delete", args=[made.pk])
    assert "cannot be undone" in client.get(path).text
    assert Schedule.objects.exists()
    assert client.post(path).url == LIST
    assert not Schedule.objects.exists()
    run.refresh_from_db()
    assert run.schedule is None


def test_the_page_of_a_schedule_shows_what_became_of_each_start(client, make_schedule, make_connection):
    made = make_schedule()
    schedules.tick(made.next_at + timezone.timedelta(hours=2))
    text = client.get(reverse("schedule-detail", args=[made.pk])).text
    assert "No connection is active." in text
    assert "No start was taken from" in text


@pytest.mark.parametrize("name", ["detail", "edit", "delete", "pause", "resume", "run"])
def test_a_schedule_that_is_not_there_is_not_found(client, name):
    send = client.post if name in ("pause", "resume", "run") else client.get
    assert send(reverse(f"schedule-{name}", args=[999_999])).status_code == 404


@pytest.mark.parametrize("name", ["pause", "resume", "run"])
def test_a_link_changes_nothing(client, make_schedule, name):
    assert client.get(reverse(f"schedule-{name}", args=[make_schedule().pk])).status_code == 405


@pytest.mark.parametrize("path", [LIST, NEW, "/schedules/options/"])
def test_strangers_see_no_schedule(stranger, path):
    assert stranger.get(path).status_code == 302


def test_whoever_may_not_run_own_sql_gets_no_schedule_of_it(client, user):
    user.is_superuser = user.is_staff = False
    user.save()
    answer = client.post(NEW, typed(kind="load", workload="sql", sql="SELECT 1", clients="1", seconds="1"))
    assert answer.status_code == 422
    assert Schedule.objects.count() == 0


def test_changing_somebody_elses_schedule_makes_it_ones_own(client, user, make_schedule, django_user_model):
    made = make_schedule()
    other = django_user_model.objects.create(username="bob", password="!")
    Schedule.objects.update(owner=other)
    client.post(reverse("schedule-edit", args=[made.pk]), typed())
    made.refresh_from_db()
    assert (made.owner, made.kind) == (user, Kind.CONNECTION)
