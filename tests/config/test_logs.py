"""Every line that is logged while a task runs names its job and run, as text or as one JSON object a line."""

import json
import logging
from types import SimpleNamespace

import pytest
import structlog
from celery import signals

from config.logs import formatter
from tests.rigs.pool import Pool, until

JOB, RUN = "01990000-0000-7000-8000-000000000001", "01990000-0000-7000-8000-000000000002"


@pytest.fixture(autouse=True)
def nothing_bound():
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


def logged(shape: str, text: str = "went wrong: %s", *args: object) -> str:
    record = logging.LogRecord("probes.tasks", logging.WARNING, __file__, 1, text, args or ("why",), None)
    return formatter(shape).format(record)


def begins(name: str, *args: object) -> None:
    signals.task_prerun.send(sender=None, task_id="1", task=SimpleNamespace(name=name), args=args, kwargs={})


def test_a_line_of_a_probing_task_names_its_job_and_run():
    begins("probes.run", JOB, "sealed-token")
    structlog.contextvars.bind_contextvars(run=RUN)
    line = logged("text")
    assert f"job='{JOB}'" in line
    assert f"run='{RUN}'" in line
    assert "event='went wrong: why'" in line
    assert "sealed-token" not in line


def test_a_line_of_the_recorder_names_its_run():
    begins("probes.record", RUN, "home", [])
    assert json.loads(logged("json")) | {"timestamp": ""} == {
        "timestamp": "",
        "level": "warning",
        "logger": "probes.tasks",
        "event": "went wrong: why",
        "task": "probes.record",
        "run": RUN,
    }


def test_after_a_task_nothing_of_it_is_left():
    begins("probes.run", JOB, "token")
    signals.task_postrun.send(sender=None)
    assert JOB not in logged("text")


def test_a_json_line_is_one_line_whatever_is_logged():
    line = logged("json", "a\nb %s", {"set": {1}})
    assert "\n" not in line
    assert json.loads(line)["event"].startswith("a\nb")


def test_a_real_pool_names_the_job_that_it_cannot_open():
    from probes import tasks

    with Pool(["probes.log-pool"]) as pool:
        tasks.run_probes.apply_async(args=[JOB, "not sealed"], queue="probes.log-pool")
        until(lambda: "cannot be opened" in pool.said(), pool.said)
        [line] = [line for line in pool.said().splitlines() if "cannot be opened" in line]
    assert f"job='{JOB}'" in line
    assert "task='probes.run'" in line
