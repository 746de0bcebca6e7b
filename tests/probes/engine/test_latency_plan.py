"""What a latency plan refuses, naming the field."""

import pytest

from probes.engine.latency import LatencyPlan
from probes.engine.plan import PlanError

WRONG = [0, -1, 2**63, 1_000_000, float("nan"), float("inf"), 1.5, "5", None, True]


@pytest.mark.parametrize("value", WRONG)
def test_the_number_of_samples_is_from_1_to_1000(value):
    with pytest.raises(PlanError, match="samples: must be a whole number from 1 to 1,000"):
        LatencyPlan(samples=value)


@pytest.mark.parametrize("field", ["warm_up", "cold_connects"])
@pytest.mark.parametrize("value", [value for value in WRONG if value != 0 or value is True])
def test_other_counts_are_small_and_not_negative(field, value):
    with pytest.raises(PlanError) as refused:
        LatencyPlan(**{field: value})
    assert refused.value.field == field


@pytest.mark.parametrize(
    "value", [-1, -0.001, 2**63, 10**400, 1_000_000, float("nan"), float("inf"), "5", None, True]
)
def test_the_interval_is_at_most_ten_seconds(value):
    with pytest.raises(PlanError) as refused:
        LatencyPlan(interval_ms=value)
    assert refused.value.field == "interval_ms"


def test_the_edges_are_allowed():
    LatencyPlan(samples=1, interval_ms=0, warm_up=0, cold_connects=0)
    LatencyPlan(samples=1000, interval_ms=10_000, warm_up=100, cold_connects=100)
