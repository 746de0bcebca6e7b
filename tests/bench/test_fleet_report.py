"""The figure of `bench fleet` is a rate that held, with the costs of that very step."""

import json
from dataclasses import replace

import pytest

from bench.fleet import Step, parser, report

HELD = Step(
    connections=100,
    offered=350.0,
    probes_per_second=349.0,
    failed=0,
    skipped=0,
    start_p50_s=0.1,
    start_p99_s=0.2,
    cpu_s_per_1000=2.0,
    cpu_by_part={},
    servers_cpu_s_per_1000=1.0,
    memory_mb=600.0,
)
FASTER = replace(HELD, offered=400.0, probes_per_second=399.0, start_p99_s=0.9, cpu_s_per_1000=2.4)


@pytest.fixture
def reported(capsys):
    def said(*steps: Step) -> dict[str, object]:
        report(steps, peer=698.0)
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return said


@pytest.mark.parametrize("broken", [{"skipped": 40}, {"failed": 1}, {"probes_per_second": 360.0}])
def test_a_rate_that_did_not_hold_is_not_the_figure(reported, broken):
    told = reported(HELD, replace(FASTER, **broken))
    assert (told["figure"], told["ratio"], told["start_p99_s"], told["cpu_s_per_1000"]) == (
        349.0,
        0.5,
        0.2,
        2.0,
    )


def test_the_highest_rate_that_held_is_the_figure(reported):
    told = reported(HELD, FASTER)
    assert (told["figure"], told["start_p99_s"]) == (399.0, 0.9)


def test_the_fleet_that_held_least_decides(reported):
    assert reported(FASTER, replace(HELD, connections=10_000))["figure"] == 349.0


def test_a_fleet_on_which_no_rate_held_makes_it_nothing(reported):
    told = reported(FASTER, replace(HELD, connections=10_000, failed=3))
    assert (told["figure"], told["ratio"], told["memory_mb"]) == (0.0, 0.0, None)


def test_unless_told_otherwise_it_goes_up_to_ten_thousand_connections():
    assert parser.parse_args([]).connections == [100, 1000, 10_000]
