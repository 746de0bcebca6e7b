"""The last report of a probe's progress is told, and told last."""

import asyncio
import threading
from types import SimpleNamespace

from probes import progress
from probes.work.telling import Teller


async def test_the_newest_report_follows_the_one_that_is_still_on_its_way(monkeypatch):
    told, on_its_way, broker_answers = [], threading.Event(), threading.Event()

    def publish(run, connection, vantage, report):
        on_its_way.set()
        assert broker_answers.wait(10)
        told.append(report["done"])

    monkeypatch.setattr(progress, "publish", publish)
    teller = Teller(SimpleNamespace(run_id=None, vantage="home", targets=[SimpleNamespace(key=1)]))
    telling = asyncio.create_task(teller.run())
    teller.tell(lambda: {"done": 1})
    assert await asyncio.to_thread(on_its_way.wait, 10)
    teller.tell(lambda: {"done": 2})
    teller.tell(lambda: {"done": 3})
    teller.close()
    broker_answers.set()
    await telling
    assert told == [1, 3]


async def test_a_job_of_several_targets_tells_nothing_and_holds_nobody_up():
    teller = Teller(SimpleNamespace(targets=[1, 2]))
    teller.tell(lambda: {"done": 1})
    await asyncio.wait_for(teller.run(), 5)
