"""The statistics of a probe are exact."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.engine.summary import percentile, summarise


def test_the_figures_of_a_known_series():
    summary = summarise([float(value) for value in range(100, 0, -1)], failures=3, seconds=10)

    assert (summary.samples, summary.failures) == (100, 3)
    assert (summary.min, summary.max, summary.mean) == (1, 100, 50.5)
    assert (summary.p50, summary.p95, summary.p99) == (50, 95, 99)
    assert summary.stddev == pytest.approx(29.0115)
    assert summary.rate == 10


def test_a_single_sample_is_every_percentile():
    summary = summarise([7.5])

    assert (summary.p50, summary.p95, summary.p99, summary.stddev, summary.rate) == (7.5, 7.5, 7.5, 0.0, None)


@pytest.mark.parametrize(
    ("count", "p95_is_max", "p99_is_max"),
    [(1, True, True), (19, True, True), (20, False, True), (99, False, True), (100, False, False)],
)
def test_of_few_samples_a_high_percentile_is_the_maximum(count, p95_is_max, p99_is_max):
    summary = summarise([float(value) for value in range(count)])

    assert summary.max is not None
    assert (summary.p95 == summary.max, summary.p99 == summary.max) == (p95_is_max, p99_is_max)


def test_no_sample_has_no_figures():
    summary = summarise([], failures=5, seconds=1)

    assert (summary.samples, summary.failures, summary.mean, summary.p50) == (0, 5, None, None)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_a_sample_with_enough_below_it(samples, percent):
    ordered = sorted(samples)
    found = percentile(ordered, percent)

    assert found in ordered
    assert sum(sample <= found for sample in ordered) >= math.ceil(len(ordered) * percent / 100)
    assert sum(sample < found for sample in ordered) < math.ceil(len(ordered) * percent / 100)
