"""Whatever dies in the middle of a run of a hundred, every connection ends with exactly one result."""

import os
import signal
import time

import pytest

from tests.rigs.person import Person
from tests.rigs.stack import Stack


def begin(person: Person, stack: Stack) -> str:
    person.post("/test-all/")
    [run] = stack.rows("SELECT id FROM probes_run ORDER BY created_at DESC LIMIT 1")
    return run["id"]


def wait_for_first_results(stack: Stack, run: str, timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while stack.rows("SELECT done FROM probes_run WHERE id = %s", run)[0]["done"] == 0:
        assert time.monotonic() < deadline, stack.log.read_text()[-4000:]
        time.sleep(0.02)


def wait_until_finished(stack: Stack, run: str, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while stack.rows("SELECT state FROM probes_run WHERE id = %s", run)[0]["state"] != "finished":
        assert time.monotonic() < deadline, stack.log.read_text()[-4000:]
        time.sleep(0.1)


def wait_until_ready(stack: Stack, timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not stack.ready():
        assert time.monotonic() < deadline, stack.log.read_text()[-4000:]
        time.sleep(0.2)


def expect_one_good_result_each(stack: Stack, run: str) -> None:
    [found] = stack.rows(
        """
        SELECT count(*) AS results, count(DISTINCT connection_id) AS connections, count(*) FILTER (WHERE ok) AS good
        FROM probes_result WHERE run_id = %s
        """,
        run,
    )
    assert found == {"results": 100, "connections": 100, "good": 100}
    [run_row] = stack.rows("SELECT total, done, failed FROM probes_run WHERE id = %s", run)
    assert run_row == {"total": 100, "done": 100, "failed": 0}


def probe_workers(stack: Stack) -> list[int]:
    """The parent of the probes pool first, then its children."""
    return sorted(stack.processes("--queues probes.home"))


def kill_children(stack: Stack) -> None:
    """All of them: which ones are at work cannot be seen from outside."""
    for pid in probe_workers(stack)[1:]:
        os.kill(pid, signal.SIGKILL)


def kill_worker(stack: Stack) -> None:
    for pid in probe_workers(stack):
        os.kill(pid, signal.SIGKILL)


def kill_valkey(stack: Stack) -> None:
    os.kill(stack.valkey(), signal.SIGKILL)


BEFORE, AFTER = "before the first result", "after the first results"


@pytest.mark.parametrize(
    ("fault", "moment"),
    [
        (kill_children, AFTER),
        (kill_worker, AFTER),
        (kill_valkey, BEFORE),
        pytest.param(kill_children, BEFORE, marks=pytest.mark.soak),
        pytest.param(kill_worker, BEFORE, marks=pytest.mark.soak),
        pytest.param(kill_valkey, AFTER, marks=pytest.mark.soak),
    ],
)
def test_every_connection_has_exactly_one_result(stack: Stack, person: Person, fault, moment: str):
    run = begin(person, stack)
    if moment == AFTER:
        wait_for_first_results(stack, run)
    fault(stack)
    wait_until_finished(stack, run)
    expect_one_good_result_each(stack, run)
    wait_until_ready(stack)
