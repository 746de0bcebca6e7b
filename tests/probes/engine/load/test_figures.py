"""What a load test measures, and that its figures agree with each other and with the server."""

import asyncio
import json
import time
from dataclasses import asdict

import pytest
from hdrh.histogram import HdrHistogram

from probes.engine.load.buckets import bucket, histogram, microseconds, percentiles_ms
from probes.engine.load.plan import LoadPlan
from probes.engine.load.report import Report, _Stretch, knee
from probes.engine.load.tally import Slice
from probes.engine.outcome import Outcome
from tests.probes.engine.conftest import endpoint_of
from tests.probes.engine.load.runs import load
from tests.rigs.sockets import all_closed


async def test_figures_agree_with_each_other(any_version):
    seen = []

    outcome = await load(endpoint_of(any_version, sslmode="prefer"), watch=seen.append, seconds=1.6)

    assert outcome.failure is None
    summary, detail = outcome.summary, outcome.detail
    assert summary is not None
    assert summary.failures == 0
    assert summary.samples > 100
    assert summary.min <= summary.p50 <= summary.p95 <= summary.p99 <= summary.max
    assert sum(second["done"] for second in detail["series"]) == summary.samples
    assert len(detail["series"]) == 2
    decoded = HdrHistogram.decode(detail["histogram"])
    assert decoded.get_total_count() == summary.samples
    assert decoded.get_value_at_percentile(50) / 1000 == pytest.approx(summary.p50, rel=0.01, abs=0.002)
    assert summary.rate == pytest.approx(summary.samples / detail["elapsed"], rel=0.01)
    assert seen[-1].done == summary.samples
    assert len(seen) >= 5
    assert all(progress.connected == 3 for progress in seen[:-1])
    assert Outcome.from_dict(json.loads(json.dumps(outcome.as_dict()))) == outcome
    await all_closed(any_version.port)


async def test_an_open_loop_keeps_its_rate(unencrypted):
    outcome = await load(endpoint_of(unencrypted), rate=200, seconds=1.5)

    assert outcome.failure is None
    assert outcome.summary is not None
    due = outcome.summary.samples + outcome.detail["unstarted"]
    assert due == pytest.approx(200 * outcome.detail["elapsed"], rel=0.1)


async def test_random_spacing_keeps_the_rate_on_average(unencrypted):
    outcome = await load(endpoint_of(unencrypted), rate=400, spacing="random", seconds=1.5)

    assert outcome.failure is None
    assert outcome.summary is not None
    due = outcome.summary.samples + outcome.detail["unstarted"]
    assert due == pytest.approx(400 * outcome.detail["elapsed"], rel=0.3)


async def test_what_an_open_loop_cannot_begin_is_told(unencrypted):
    outcome = await load(
        endpoint_of(unencrypted), clients=1, rate=100, workload="sql", sql="SELECT 1 FROM pg_sleep(0.1)"
    )

    assert outcome.summary is not None
    assert outcome.summary.samples + outcome.summary.failures + outcome.detail["unstarted"] >= 95
    assert outcome.detail["unstarted"] > 80
    assert outcome.summary.max > 700


@pytest.mark.parametrize("spacing", ["even", "random"])
async def test_a_rate_far_beyond_the_server_ends_on_time_and_says_how_much_never_began(unencrypted, spacing):
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(2.5, stop.set)
    began = time.monotonic()

    outcome = await load(
        endpoint_of(unencrypted), clients=2, rate=1_000_000, spacing=spacing, seconds=60, stop=stop
    )

    assert time.monotonic() - began < 5
    assert outcome.failure is None
    assert outcome.summary is not None
    due = outcome.summary.samples + outcome.detail["unstarted"]
    elapsed = outcome.detail["elapsed"]
    assert due == pytest.approx(1_000_000 * elapsed, rel=0.1)
    # Half of what was due has been so for half of the time, and nothing for longer than all of it.
    assert outcome.summary.p50 == pytest.approx(1000 * elapsed / 2, rel=0.2)
    assert outcome.summary.max == pytest.approx(1000 * elapsed, rel=0.1)
    cut_short = HdrHistogram.decode(outcome.detail["histogram"]).get_total_count() - due
    assert 0 <= cut_short <= 2


async def test_what_is_under_way_at_the_end_is_awaited(unencrypted):
    outcome = await load(
        endpoint_of(unencrypted), seconds=0.5, workload="sql", sql="SELECT 1 FROM pg_sleep(1)"
    )

    assert outcome.failure is None
    assert outcome.summary is not None
    assert (outcome.summary.samples, outcome.summary.failures) == (3, 0)
    # To three digits, as a histogram keeps it.
    assert outcome.summary.min >= 999
    assert outcome.summary.rate == pytest.approx(3, rel=0.2)


async def test_a_long_way_does_not_lower_the_rate_that_was_held(unencrypted):
    outcome = await load(
        endpoint_of(unencrypted), clients=20, rate=20, workload="sql", sql="SELECT 1 FROM pg_sleep(0.4)"
    )

    assert outcome.failure is None
    assert outcome.detail["errors"] == {}
    assert outcome.summary is not None
    due = outcome.summary.samples + outcome.detail["unstarted"]
    assert due == pytest.approx(20 * outcome.detail["elapsed"], abs=2)
    assert outcome.detail["elapsed"] == pytest.approx(1, abs=0.2)
    assert len(outcome.detail["series"]) == 1


async def test_a_ramp_of_clients_has_a_step_for_each(unencrypted):
    levels = []

    outcome = await load(
        endpoint_of(unencrypted), ramp=(1, 4), seconds=2, watch=lambda progress: levels.append(progress.level)
    )

    assert [step["level"] for step in outcome.detail["steps"]] == [1, 4]
    assert all(step["done"] > 10 for step in outcome.detail["steps"])
    assert outcome.detail["knee"] in (1, 4)
    assert outcome.detail["clients"] == 4
    assert sorted(set(levels)) == [1, 4]


async def test_a_ramp_of_rates_has_a_step_for_each(unencrypted):
    outcome = await load(endpoint_of(unencrypted), rate=1, ramp=(50, 150), seconds=2)

    low, high = outcome.detail["steps"]
    assert low["done"] == pytest.approx(50 * low["seconds"], rel=0.2)
    assert high["done"] == pytest.approx(150 * high["seconds"], rel=0.2)


async def test_through_a_pooler_nothing_stays_prepared(unencrypted):
    outcome = await load(endpoint_of(unencrypted, pooled=True), seconds=0.5)

    assert outcome.failure is None
    assert outcome.summary is not None
    assert outcome.summary.samples > 20


@pytest.mark.parametrize("pooled", [False, True])
async def test_own_sql_is_measured(unencrypted, pooled):
    outcome = await load(
        endpoint_of(unencrypted, pooled=pooled),
        seconds=0.5,
        workload="sql",
        sql="SELECT generate_series(1, 300)",
    )

    assert outcome.failure is None
    assert outcome.summary is not None
    assert outcome.summary.samples > 5
    assert outcome.summary.failures == 0


async def test_two_tests_at_once_do_not_mix(unencrypted):
    first, second = await asyncio.gather(
        load(endpoint_of(unencrypted), seconds=0.5),
        load(endpoint_of(unencrypted, password="wrong"), seconds=0.5),
    )

    assert first.failure is None
    assert second.failure is not None
    assert second.failure.code == "auth_failed"


def test_buckets_are_those_of_the_hdr_histogram():
    reference = HdrHistogram(1, 3_600_000_000, 3)
    for value in [0, 1, 2047, 2048, 2049, 4095, 4096, 10_000, 123_456, 9_999_999, 3_599_999_999]:
        number = bucket(value)
        assert number == reference._counts_index_for(value)
        assert microseconds(number) == reference.get_highest_equivalent_value(value)


def test_percentiles_are_those_of_the_hdr_histogram():
    values = [number * number % 70_000 for number in range(5_000)]
    counts: dict[int, int] = {}
    for value in values:
        counts[bucket(value)] = counts.get(bucket(value), 0) + 1
    reference = histogram(counts)

    assert reference.get_total_count() == len(values)
    assert percentiles_ms(counts, (50, 95, 99)) == [
        reference.get_value_at_percentile(percent) / 1000 for percent in (50, 95, 99)
    ]
    assert percentiles_ms({}, (50, 99)) == [None, None]


def test_a_statement_costs_what_all_processes_spent_and_the_share_is_that_of_the_busiest():
    together = Slice()
    for spent in (0.2, 0.3):
        one = Slice(counts={100: 5000}, cpu_seconds=spent, busiest_cpu_seconds=spent)
        together.add(Slice.from_dict(json.loads(json.dumps(asdict(one)))))
    together.seconds = 1.0
    report = Report(LoadPlan())
    report.step(10)
    report.add(together)

    assert report.detail()["cpu_us_per_statement"] == 50
    assert report.detail()["cpu_share"] == 0.3


def test_the_knee_is_where_more_load_stops_paying():
    def steps(*rates: tuple[float, int]) -> list[_Stretch]:
        return [_Stretch(0.0, level, 1.0, {1: done}) for level, done in rates]

    assert knee(steps((1, 100), (5, 480), (10, 500), (50, 490)), is_open=False) == 5
    assert knee(steps((100, 100), (500, 499), (1000, 700), (2000, 710)), is_open=True) == 500
    assert knee(steps((100, 10)), is_open=True) is None
    assert knee([], is_open=False) is None
