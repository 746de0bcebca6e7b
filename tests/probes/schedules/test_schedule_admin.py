"""The admin reads schedules, and runs, pauses and resumes those that are selected."""

import pytest

from probes.models import Run, Schedule

pytestmark = pytest.mark.django_db

PATH = "/admin/probes/schedule/"


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


def test_nobody_adds_or_changes_one_there(client, make_schedule):
    made = make_schedule()
    assert client.get(f"{PATH}add/").status_code == 403
    assert client.post(f"{PATH}{made.pk}/change/", {"name": "other"}).status_code == 403
