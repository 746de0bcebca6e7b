"""Each kind of test, asked for in a whole running stack: its own beat, reaper, recorder and pools bring it to its end."""

import time
from collections.abc import Callable
from typing import Any

from tests.rigs.stack import Stack

ASK = """
from connections.models import Connection
from probes import dispatch
chosen = Connection.objects.order_by("simulated_rtt_ms", "pk")[:{count}]
run = dispatch.request_run(kind="{kind}", connections=chosen, source="command", params={params})
print(run.pk)
"""
CANCEL = """
from probes import dispatch
from probes.models import Run
assert dispatch.cancel_run(Run.objects.get(pk="{run}"))
"""
RESULTS = "SELECT * FROM probes_result WHERE run_id = %s"
# The demo's databases live in the stack's own server.
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'meridian/home'"


def ask(stack: Stack, kind: str, count: int = 1, **params: object) -> str:
    return stack.shell(ASK.format(kind=kind, count=count, params=params)).strip()


def until(holds: Callable[[], object], stack: Stack, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, stack.log.read_text()[-4000:]
        time.sleep(0.1)


def finish(stack: Stack, run: str) -> list[dict[str, Any]]:
    state = "SELECT state FROM probes_run WHERE id = %s"
    until(lambda: stack.rows(state, run)[0]["state"] == "finished", stack)
    return stack.rows(RESULTS, run)


def sessions(stack: Stack) -> int:
    return int(stack.rows(SESSIONS)[0]["count"])


def test_latency_tests_of_many_measure_the_distance_of_each(stack: Stack):
    results = finish(stack, ask(stack, "latency", count=12, samples=5))
    assert [result["ok"] for result in results] == [True] * 12
    assert all(result["samples"] == 5 and result["p50_ms"] > 10 for result in results)


def test_health_checks_of_many_find_what_is_to_be_found(stack: Stack):
    results = finish(stack, ask(stack, "health", count=12))
    assert [result["ok"] for result in results] == [True] * 12
    assert all(len(result["detail"]["checks"]) > 10 for result in results)


def test_load_tests_of_several_run_one_after_another(stack: Stack):
    results = finish(stack, ask(stack, "load", count=2, clients=2, seconds=2))
    assert [result["ok"] for result in results] == [True, True]
    first, second = sorted(results, key=lambda result: result["started_at"])
    assert second["started_at"] >= first["finished_at"]
    assert all(result["rate"] > 0 for result in results)
    assert sessions(stack) == 0


def test_a_load_test_that_is_cancelled_keeps_what_it_measured(stack: Stack):
    run = ask(stack, "load", clients=2, seconds=120)
    until(lambda: sessions(stack) >= 2, stack)
    time.sleep(1)
    stack.shell(CANCEL.format(run=run))
    until(lambda: stack.rows(RESULTS, run), stack, seconds=5)
    [result] = stack.rows(RESULTS, run)
    assert (result["ok"], result["detail"]["stopped"]) == (True, "cancelled")
    assert result["samples"] > 0
    assert sessions(stack) == 0
    [row] = stack.rows("SELECT state, done, failed FROM probes_run WHERE id = %s", run)
    assert row == {"state": "cancelled", "done": 1, "failed": 0}
