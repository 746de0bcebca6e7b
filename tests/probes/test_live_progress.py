"""How far a probe is reaches the open pages of its run, and pages that open later; nothing depends on it."""

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async

from probes import broker, consumers, dispatch, progress
from probes.models import Kind, Run, uuid7
from tests.rigs import servers
from tests.rigs.pages import open_page
from tests.rigs.pump import pump

pytestmark = pytest.mark.django_db(transaction=True)


def load_report(first: int, *rates: float, elapsed: float = 1.0) -> progress.Report:
    series = [{"start": first + number, "rate": rate} for number, rate in enumerate(rates)]
    return {"kind": "load", "elapsed": elapsed, "series_from": first, "series": series}


async def test_a_report_reaches_the_pages_of_its_run_as_it_is_and_without_a_number(client):
    run = uuid7()
    report = {"kind": "health", "done": 3, "total": 20, "title": "Cache hits"}
    async with open_page(client, f"/ws/runs/{run}/") as socket:
        await socket.frame()
        await sync_to_async(progress.publish)(uuid7(), 6, "home", report)
        await sync_to_async(progress.publish)(run, 7, "tokyo", report)
        assert await socket.frame() == {
            "kind": "progress",
            "connection": 7,
            "vantage": "tokyo",
            "report": report,
        }


def test_a_page_that_opens_later_finds_the_newest_report_of_each_probe():
    run = uuid7()
    for done in (1, 2):
        progress.publish(
            run, 7, "home", {"kind": "latency", "done": done, "total": 9, "samples": [0.5] * done}
        )
    progress.publish(run, 7, "tokyo", {"kind": "latency", "done": 1, "total": 9, "samples": [None]})
    assert progress.of_run(run) == {
        (7, "home"): {"kind": "latency", "done": 2, "total": 9, "samples": [0.5, 0.5]},
        (7, "tokyo"): {"kind": "latency", "done": 1, "total": 9, "samples": [None]},
    }


def test_the_seconds_of_a_load_test_add_up_though_each_report_tells_only_the_last_two():
    run = uuid7()
    for report in (
        load_report(0, 10),
        load_report(0, 11, 20),
        load_report(0, 11, 21),
        load_report(1, 22, 30),
    ):
        progress.publish(run, 7, "home", report)
    found = progress.of_run(run)[7, "home"]
    assert [second["rate"] for second in found["series"]] == [11, 22, 30]
    assert found["series_from"] == 0


def test_a_series_of_many_seconds_stays_in_order():
    run = uuid7()
    for number in range(12):
        progress.publish(run, 7, "home", load_report(number, number, number + 1))
    assert [second["rate"] for second in progress.of_run(run)[7, "home"]["series"]] == list(range(13))


def test_reports_are_forgotten():
    run = uuid7()
    progress.publish(run, 7, "home", load_report(0, 1))
    keys = broker.client().keys(f"*{run}*")
    assert len(keys) == 2
    assert all(0 < broker.client().ttl(key) <= progress.KEPT_SECONDS for key in keys)


def test_an_absent_broker_takes_nothing_but_the_progress_away():
    servers.valkey.kill()
    try:
        progress.publish(uuid7(), 7, "home", load_report(0, 1))
        assert progress.of_run(uuid7()) == {}
    finally:
        servers.valkey.start()


async def test_a_page_that_is_behind_loses_reports_and_not_events():
    consumer = consumers.LiveConsumer()
    consumer.waiting = asyncio.Queue(consumers.MOST_WAITING)
    for number in range(100):
        consumer.offer_progress(str(number))
    consumer.offer("an event")
    frames = [consumer.waiting.get_nowait() for _ in range(consumer.waiting.qsize())]
    assert frames[-1] == "an event"
    assert len(frames) == consumers.MOST_PROGRESS_WAITING + 1
    assert consumers.RESYNC not in frames


def ask(kind: Kind, *connections, **params) -> Run:
    Run.objects.all().delete()
    broker.client().delete("probes.home")
    return dispatch.request_run(kind=kind, connections=connections, source=Run.Source.PAGE, params=params)


async def test_an_open_page_follows_a_latency_test_sample_by_sample(client, make_connection):
    target = await sync_to_async(make_connection)()
    run = await sync_to_async(ask)(Kind.LATENCY, target, samples=12, interval_ms=60)
    async with open_page(client, f"/ws/runs/{run.pk}/") as socket:
        await socket.frame()
        working = asyncio.create_task(sync_to_async(pump, thread_sensitive=False)(["probes.home"]))
        reports = []
        while not reports or reports[-1]["done"] < 12:
            frame = await socket.frame()
            assert (frame["kind"], frame["connection"], frame["vantage"]) == ("progress", target.pk, "home")
            reports.append(frame["report"])
        await working
    assert len(reports) >= 2
    assert all(len(report["samples"]) == report["done"] for report in reports)
    assert [report["done"] for report in reports] == sorted({report["done"] for report in reports})


def test_a_job_of_several_shows_its_progress_by_its_results_alone(make_connection):
    targets = [make_connection(f"target {number}") for number in range(4)]
    run = ask(Kind.HEALTH, *targets)
    pump()
    assert progress.of_run(run.pk) == {}
    run.refresh_from_db()
    assert (run.state, run.failed) == ("finished", 0)


def test_a_report_is_plain_json(make_connection):
    run = ask(Kind.LOAD, make_connection(), clients=1, seconds=0.6)
    pump()
    [report] = progress.of_run(run.pk).values()
    assert {"elapsed", "seconds", "level", "connected", "done", "failed", "rate", "errors"} <= report.keys()
    assert {"p50", "p95", "p99"} <= report.keys()
    assert {"start", "rate", "p50", "p95", "p99", "errors"} <= report["series"][0].keys()
    assert json.loads(json.dumps(report)) == report
