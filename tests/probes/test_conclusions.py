"""The sentences under a result say what happened, and whose limit it was."""

from types import SimpleNamespace
from typing import Any

import pytest

from probes.telling.asked import asked
from probes.telling.conclusions import conclusion
from probes.telling.words import said_of


def step(level: float, rate: float, p99: float | None) -> dict[str, Any]:
    return {"level": level, "start": 0, "seconds": 5, "rate": rate, "p99": p99, "errors": {}}


def load(detail: dict[str, Any] | None = None, **columns: Any) -> Any:
    made = {
        "kind": "load",
        "ok": True,
        "samples": 60_000,
        "failures": 0,
        "p50_ms": 1.2,
        "p99_ms": 4.5,
        "rate": 1000.0,
        "strained": False,
        **columns,
    }
    planned = {"clients": 10, "elapsed": 60, "planned_seconds": 60, "target_rate": None, "stopped": ""}
    return SimpleNamespace(**made, detail={**planned, **(detail or {})})


def latency(detail: dict[str, Any] | None = None, **columns: Any) -> Any:
    made = {
        "kind": "latency",
        "samples": 100,
        "failures": 0,
        "p50_ms": 84.2,
        "p99_ms": 97.0,
        "strained": False,
    }
    found = {"samples": [84.2] * 100, "planned": 100, "failures": {}, "server_ms": None, "reconnects": 0}
    return SimpleNamespace(**{**made, **columns}, detail={**found, **(detail or {})})


def test_a_closed_loop_says_what_it_reached():
    assert conclusion(load()) == (
        "10 clients reached 1,000/s. Half of the statements took at most 1.20 ms, 99 of 100 at most 4.50 ms. "
        "The client was not the limit."
    )


def test_a_rate_is_held_or_not():
    assert "Held 1,000/s." in conclusion(load({"target_rate": 1000}))
    missed = conclusion(load({"target_rate": 2000, "unstarted": 12_000}))
    assert (
        "Did not hold 2,000/s: it reached 1,000/s; 12,000 more were due and never began. "
        "Each of these counts with the time that it had waited. Half of" in missed
    )


def test_a_ramp_of_rates_names_the_last_that_was_held_and_where_p99_left():
    steps = [step(2000, 2000, 4.1), step(4000, 3990, 6.0), step(4600, 4200, 31.0)]
    said = conclusion(load({"target_rate": 2000, "steps": steps, "knee": 4000}))
    assert "Held 4,000/s; asked for 4,600/s it reached 4,200/s. p99 left 10 ms at 4,600/s." in said


def test_a_ramp_that_was_held_throughout_says_so():
    steps = [step(100, 100, 4.0), step(200, 200, 5.0)]
    said = conclusion(load({"target_rate": 100, "steps": steps, "knee": 200}))
    assert "Held every step up to 200/s. p99 stayed within 5.00 ms." in said


def test_a_ramp_whose_first_step_failed_says_so():
    steps = [step(5000, 900, 40.0), step(9000, 910, 90.0)]
    said = conclusion(load({"target_rate": 5000, "steps": steps, "knee": None}))
    assert "Not even 5,000/s was held: it reached 900/s." in said


def test_a_ramp_of_clients_names_the_knee():
    steps = [step(1, 500, 2.0), step(10, 4000, 3.0), step(20, 4050, 12.0)]
    said = conclusion(load({"steps": steps, "knee": 10}))
    assert (
        "The knee is at 10 clients: 4,050/s, and more clients only wait longer. p99 left 5 ms at 20 clients."
        in said
    )
    assert "the limit is further up" in conclusion(load({"steps": steps, "knee": 20}))


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        ("cancelled", "Stopped by hand after 12 s of 60 s."),
        ("errors", "Stopped after 12 s of 60 s, because too many statements failed."),
        ("lost", "Ended after 12 s of 60 s, because the server gave no more sign of life."),
        ("unattended", "Ended after 12 s of 60 s, because it had lost the broker"),
    ],
)
def test_a_test_that_ended_early_says_how_far_it_got(stopped, words):
    assert conclusion(load({"stopped": stopped, "elapsed": 12})).startswith(words)


@pytest.mark.parametrize("stopped", ["cancelled", "unattended"])
def test_a_test_that_was_broken_off_is_not_called_done(stopped):
    assert said_of(load({"stopped": ""}, ours=False)).word == "Done"
    assert said_of(load({"stopped": stopped}, ours=False)).word == "Stopped"


def test_failures_are_counted_by_code():
    said = conclusion(load({"errors": {"query_timeout": 3, "connection_lost": 9}}, samples=988, failures=12))
    assert "12 statements failed (1.2 %): connection_lost 9, query_timeout 3." in said


def test_a_client_that_was_the_limit_says_that_the_server_may_do_more():
    said = conclusion(load({"cpu_share": 0.98}, strained=True))
    assert (
        "The limit was our own client, which was busy for 98 % of the time: the server may do more." in said
    )
    elsewhere = conclusion(load({"cpu_share": 0.06}, strained=True))
    assert "Our own machine was too busy with other things to measure well" in elsewhere


def test_a_test_that_never_began_leaves_the_word_to_its_cause():
    assert conclusion(load(ok=False, samples=0)) == ""
    assert conclusion(load(ok=False, samples=None)) == ""
    assert conclusion(latency(samples=None)) == ""


def test_latency_tells_the_network_from_the_server():
    said = conclusion(latency({"server_ms": 0.3}))
    assert said == (
        "Half of 100 round trips took at most 84.2 ms, 99 of 100 at most 97.0 ms. "
        "Of a typical one 83.9 ms is the network and 0.300 ms the server."
    )


def test_latency_that_broke_off_says_where():
    detail = {"samples": [84.2] * 36 + [None], "failures": {"connection_lost": 1}}
    said = conclusion(latency(detail, samples=36, failures=1))
    assert "1 failed: connection_lost 1. It ended after 37 of 100." in said


def test_health_counts_the_gravest_first():
    verdicts = ["good", "act", "watch", "good", "unknown"]
    result = SimpleNamespace(
        kind="health", strained=False, detail={"checks": [{"verdict": one} for one in verdicts]}
    )
    assert conclusion(result) == "1 to act on, 1 to watch, 1 not known, 2 good."


@pytest.mark.parametrize(
    ("kind", "params", "words"),
    [
        ("connection", {}, ""),
        ("health", {}, ""),
        ("latency", {"samples": 1, "warm_up": 0, "interval_ms": 50}, "1 round trip 50 ms apart"),
        (
            "load",
            {"clients": 1, "seconds": 90},
            "SELECT 1, 1 client for 90 s, each asking again once answered",
        ),
        ("load", {"rate": 4000, "spacing": "random", "workload": "mixed"}, "at 4,000/s at random moments"),
        ("load", {"ramp": [1, 5, 10]}, "rising in 3 steps: 1, 5, 10 clients"),
        ("load", {"nothing": "known"}, ""),
    ],
)
def test_what_was_asked_is_told_in_words(kind, params, words):
    told = asked(kind, params)
    assert words in told if words else told == ""
