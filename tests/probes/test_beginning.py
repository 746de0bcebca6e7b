"""In the web process a run is accepted first and published a moment later, and nothing of it is lost when that ends."""

import asyncio

import pytest
from kombu.exceptions import OperationalError

from config.lifespan import lifespan
from probes import beginning, broker, dispatch, outbox, pooling, reaper
from probes.models import Job, Kind, Run
from tests.rigs.pump import waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection(make_connection):
    """A connection whose first test nobody waits for any more."""
    made = make_connection()
    Run.objects.all().delete()
    broker.client().flushall()
    return made


def request(connection) -> Run:
    return dispatch.request_run(kind=Kind.CONNECTION, connections=[connection], source=Run.Source.API)


def request_in_a_thread(connection) -> None:
    try:
        request(connection)
    finally:
        pooling.give_back()


async def serve(ask) -> list[str]:
    """Begins to serve, asks, and ends, as uvicorn does by a signal; returns what it was told."""
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    serving = asyncio.create_task(lifespan({"type": "lifespan"}, told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    answers = [await said.get()]
    await asyncio.to_thread(ask)
    await told.put({"type": "lifespan.shutdown"})
    answers.append(await said.get())
    await serving
    return [answer["type"] for answer in answers]


def test_what_was_accepted_is_published_before_the_web_process_ends(connection):
    def ask() -> None:
        for _ in range(5):
            request_in_a_thread(connection)

    assert asyncio.run(serve(ask)) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert waiting("probes.home") == 5
    assert not Job.objects.unpublished().exists()


def test_after_the_end_a_run_is_published_at_once(connection):
    beginning.in_background()
    beginning.finish()
    request(connection)
    assert waiting("probes.home") == 1


def test_more_than_may_wait_is_left_to_the_reaper(connection, monkeypatch):
    monkeypatch.setattr(beginning, "MOST_WAITING", 0)
    beginning.in_background()
    try:
        request(connection)
    finally:
        beginning.finish()
    assert waiting("probes.home") == 0
    reaper.reap()
    assert waiting("probes.home") == 1


def test_a_run_that_cannot_be_sent_keeps_no_other_waiting(connection, monkeypatch):
    monkeypatch.setattr(outbox.tasks.run_probes, "apply_async", _away)
    odd, good = request(connection), request(connection)
    monkeypatch.undo()
    # As a version to come may write it.
    Run.objects.filter(pk=odd.pk).update(kind="unheard-of")
    jobs = [Job.objects.select_related("run").get(run=run) for run in (odd, good)]

    with pytest.raises(ValueError, match="unheard-of"):
        outbox.publish(jobs)
    assert list(Job.objects.unpublished()) == [jobs[1]]
    reaper.reap()
    assert waiting("probes.home") == 1


def _away(*args: object, **kwargs: object) -> None:
    raise OperationalError("nobody answers")
