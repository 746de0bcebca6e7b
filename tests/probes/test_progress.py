"""How far a run is shows on the open pages while it is under way, and only then."""

import re
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async

from config.celery import app
from probes import dispatch
from probes.models import Kind, Run
from tests.rigs.pages import PageSocket, open_page
from tests.rigs.pump import pump, take

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fleet(make_connection):
    """Four connections that have been tested, two of which refuse."""
    made = [make_connection(f"target {number}", **({"port": 1} if number < 2 else {})) for number in range(4)]
    pump()
    return made


def begin(connections) -> Run:
    return dispatch.request_run(kind=Kind.CONNECTION, connections=connections, source=Run.Source.PAGE)


def step() -> None:
    """One job of the probes' queue is worked on, and what it found recorded."""
    name, args, _ = take("probes.home")
    app.tasks[name](*args)
    pump(["record"])


def progress_of(html: str) -> list[tuple[str, ...]]:
    """(done, total, failed) of the run that the progress of a page or of a live event shows, if any."""
    [section] = re.findall(r'<section id="progress".*?</section>', html, re.S)
    shown = re.findall(r"<b>(\d+)</b>/(\d+)</span>\s*<span[^>]*>(\d+) failed", section)
    said = re.findall(r"(\d+) of (\d+) tested, (\d+) failed", section)
    assert shown == said
    return shown


async def told(socket: PageSocket, wanted: Callable[[str], bool]) -> str:
    """The first event that is as wanted; a job's results may come in more than one."""
    while not wanted(html := (await socket.frame())["html"]):
        pass
    return html


def facts_of(html: str) -> dict[str, str]:
    [head] = re.findall(r'<section id="run-head".*?</section>', html, re.S)
    return dict(re.findall(r"<dt>(\w+)</dt><dd[^>]*>([^<]+)</dd>", head))


@pytest.mark.parametrize("path", ["/", "/connections/"])
def test_a_list_shows_how_far_a_run_is_until_it_ends(client, fleet, path):
    assert progress_of(client.get(path).text) == []
    run = begin(fleet)
    page = client.get(path).text
    assert progress_of(page) == [("0", "4", "0")]
    assert f'href="/runs/{run.pk}/"' in page
    step()
    assert progress_of(client.get(path).text) == [("2", "4", "1")]
    step()
    assert progress_of(client.get(path).text) == []


async def test_an_open_page_is_told_of_each_step(client, fleet):
    async with open_page(client) as socket:
        await socket.frame()
        await sync_to_async(begin)(fleet)
        assert progress_of((await socket.frame())["html"]) == [("0", "4", "0")]
        await sync_to_async(step)()
        await told(socket, lambda html: progress_of(html) == [("2", "4", "1")])
        await sync_to_async(step)()
        await told(socket, lambda html: progress_of(html) == [])


async def test_the_page_of_a_run_is_told_of_each_step(client, fleet):
    run = await sync_to_async(begin)(fleet)
    async with open_page(client, f"/ws/runs/{run.pk}/") as socket:
        await socket.frame()
        await sync_to_async(step)()
        html = await told(socket, lambda html: facts_of(html)["Done"] == "2/4")
        assert facts_of(html)["Failed"] == "1"
        assert "2 of 4 tested, 1 failed" in html
        assert '<tr id="run-item-' in html
        await sync_to_async(step)()
        html = await told(socket, lambda html: facts_of(html)["Done"] == "4/4")
        assert facts_of(html)["Failed"] == "2"
        assert "tested, " not in html
        assert ">Finished<" in html


def test_the_page_of_a_run_counts(client, fleet):
    run = begin(fleet)

    def page() -> str:
        return client.get(f"/runs/{run.pk}/").text

    first = page()
    assert (facts_of(first)["Done"], facts_of(first)["Failed"]) == ("0/4", "0")
    assert (first.count("Waiting"), first.count('aria-busy="true"')) == (4, 4)
    assert ">Queued<" in first
    step()
    second = page()
    assert (facts_of(second)["Done"], facts_of(second)["Failed"]) == ("2/4", "1")
    assert second.count("Waiting") == 2
    assert ">Running<" in second
    assert "Running for" in second
    step()
    last = page()
    assert (facts_of(last)["Done"], facts_of(last)["Failed"]) == ("4/4", "2")
    assert "Waiting" not in last
    assert ">Finished<" in last
    assert f"/runs/{run.pk}/cancel/" not in last


def test_rows_wait_until_their_own_result_is_there(client, fleet):
    begin(fleet)
    assert client.get("/").text.count('aria-busy="true"') == 4
    step()
    assert client.get("/").text.count('aria-busy="true"') == 2
    step()
    assert 'aria-busy="true"' not in client.get("/").text


def test_who_hears_the_button_of_a_row_hears_what_stands_on_it(client, fleet):
    begin(fleet)
    step()
    buttons = re.findall(r'id="test-\d+"[^>]* aria-label="([^"]+)">(\w+)<', client.get("/").text)
    assert sorted(word for _, word in buttons) == ["Test", "Test", "Testing", "Testing"]
    assert all(name.startswith(f"{word} ") for name, word in buttons)


def test_of_several_runs_the_newest_shows_and_how_many_more_there_are(client, fleet):
    first = begin(fleet)
    step()
    assert "more</a>" not in client.get("/").text
    second = begin(fleet[2:])
    page = client.get("/").text
    assert progress_of(page) == [("0", "2", "0")]
    assert f'href="/runs/{second.pk}/"' in page
    assert '<a href="/runs/">+1 more</a>' in page
    for run, done, failed in ((first, "2/4", "1"), (second, "0/2", "0")):
        facts = facts_of(client.get(f"/runs/{run.pk}/").text)
        assert (facts["Done"], facts["Failed"]) == (done, failed)
    pump()
    assert progress_of(client.get("/").text) == []


def test_a_run_that_was_stopped_shows_no_progress_any_more(client, fleet):
    run = begin(fleet)
    step()
    assert client.post(f"/runs/{run.pk}/cancel/").status_code == 302
    assert progress_of(client.get("/").text) == []
    page = client.get(f"/runs/{run.pk}/").text
    assert facts_of(page)["Done"] == "2/4"
    assert page.count("Not tested") == 2
    assert ">Cancelled<" in page


async def test_a_page_that_follows_a_run_learns_that_it_was_stopped(client, fleet):
    run = await sync_to_async(begin)(fleet)
    async with open_page(client) as socket:
        await socket.frame()
        await sync_to_async(client.post)(f"/runs/{run.pk}/cancel/")
        assert (await socket.frame())["resync"] is True


async def test_a_connection_deleted_on_the_way_moves_the_goal(client, fleet):
    await sync_to_async(begin)(fleet)
    async with open_page(client) as socket:
        await socket.frame()
        await sync_to_async(fleet[3].delete)()
        frames = [await socket.frame(), await socket.frame()]
        [html] = [frame["html"] for frame in frames if "html" in frame]
        assert progress_of(html) == [("0", "3", "0")]


def test_the_list_of_runs_shows_how_far_each_is(client, fleet):
    Run.objects.all().delete()
    begin(fleet)
    step()
    text = client.get("/runs/").text
    assert "2/4" in text
    assert "Running" in text
