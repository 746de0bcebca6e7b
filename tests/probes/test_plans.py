"""What may be asked of a probe, which rights it needs, and how long it may take."""

import math

import pytest

from config.celery import LONGEST_TASK, app
from probes import outbox, plans
from probes.engine.batch import ConnectionPlan, HealthPlan
from probes.engine.latency import LatencyPlan
from probes.engine.load import LoadPlan
from probes.engine.plan import PlanError

NUMBERS = {
    "latency": ["samples", "interval_ms", "warm_up", "cold_connects"],
    "load": ["clients", "seconds", "rate", "statement_seconds", "max_error_share", "processes"],
}
ZERO_IS_FINE = {"interval_ms", "warm_up", "cold_connects", "max_error_share", "processes"}
A_MILLION_IS_FINE = {"rate"}


@pytest.mark.parametrize("value", [0, -1, 2**63, -(2**63), 10**400, math.nan, math.inf, 1_000_000])
@pytest.mark.parametrize(("kind", "field"), [(kind, one) for kind, names in NUMBERS.items() for one in names])
def test_absurd_numbers_are_refused_by_name(kind, field, value):
    if (value == 0 and field in ZERO_IS_FINE) or (value == 1_000_000 and field in A_MILLION_IS_FINE):
        plans.plan_of(kind, {field: value})
        return
    with pytest.raises(PlanError) as refused:
        plans.plan_of(kind, {field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("value", ["5", True, [], {}, b"1"])
@pytest.mark.parametrize(("kind", "field"), [(kind, one) for kind, names in NUMBERS.items() for one in names])
def test_what_is_no_number_is_refused_by_name(kind, field, value):
    with pytest.raises(PlanError) as refused:
        plans.plan_of(kind, {field: value})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ramp", "123"),
        ("ramp", [2, 1]),
        ("ramp", [[1]]),
        ("ramp", [0, 1]),
        ("ramp", [1, 2**63]),
        ("all_slots", 1),
        ("all_slots", "yes"),
        ("workload", "everything"),
        ("workload", ["select1"]),
        ("spacing", None),
        ("sql", 5),
        ("sql", "SELECT 1"),
    ],
)
def test_a_load_test_is_told_in_known_words(field, value):
    with pytest.raises(PlanError) as refused:
        plans.plan_of("load", {field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("sql", ["", "  ", "SELECT '\0'", "SELECT '\ud800'", "x" * 100_001])
def test_a_statement_is_text_that_a_server_can_read(sql):
    with pytest.raises(PlanError) as refused:
        plans.plan_of("load", {"workload": "sql", "sql": sql})
    assert refused.value.field == "sql"


@pytest.mark.parametrize("kind", ["connection", "latency", "load", "health"])
def test_an_unknown_setting_is_refused(kind):
    with pytest.raises(PlanError) as refused:
        plans.plan_of(kind, {"colour": "red"})
    assert refused.value.field == "colour"


def test_an_unknown_kind_is_refused():
    with pytest.raises(PlanError):
        plans.plan_of("breakfast", {})


def test_each_kind_has_its_plan():
    assert plans.plan_of("connection", {}) == ConnectionPlan()
    assert plans.plan_of("health", {}) == HealthPlan()
    assert plans.plan_of("latency", {"samples": 7}) == LatencyPlan(samples=7)
    assert plans.plan_of("load", {"ramp": [1, 2], "seconds": 4}) == LoadPlan(ramp=(1, 2), seconds=4)


def test_round_trips_that_take_more_than_an_hour_are_refused():
    plans.plan_of("latency", {"samples": 1000, "warm_up": 0, "interval_ms": 3600})
    with pytest.raises(PlanError) as refused:
        plans.plan_of("latency", {"samples": 1000, "warm_up": 0, "interval_ms": 3601})
    assert refused.value.field == "interval_ms"


def test_only_what_reaches_beyond_a_test_needs_rights():
    assert plans.needs("connection", {}) == set()
    assert plans.needs("load", {"clients": 500}) == set()
    assert plans.needs("load", {"workload": "sql", "sql": "SELECT 1"}) == {"probes.run_own_sql"}
    assert plans.needs("load", {"all_slots": True}) == {"probes.take_all_slots"}


LONGEST = [
    ("connection", {}),
    ("health", {}),
    ("latency", {}),
    ("latency", {"samples": 1000, "warm_up": 100, "interval_ms": 3272, "cold_connects": 100}),
    ("load", {"clients": 500, "seconds": 3600, "processes": 16}),
]


@pytest.mark.parametrize(("kind", "params"), LONGEST)
def test_the_largest_job_of_any_plan_stays_below_the_workers_own_limits(kind, params):
    plan = plans.plan_of(kind, params)
    slowest = [plans.LONGEST_CONNECT] * plans.most_in_a_job(plan)
    assert plans.job_seconds(plan, slowest) + outbox.HAND_OVER_SECONDS < LONGEST_TASK
    assert app.conf.task_time_limit == LONGEST_TASK
    assert app.conf.broker_transport_options["visibility_timeout"] >= 2 * LONGEST_TASK


def test_a_load_test_shares_its_job_with_nobody():
    assert plans.most_in_a_job(plans.plan_of("load", {})) == 1


def test_probes_that_take_turns_are_given_the_time_of_all_turns():
    plan = LatencyPlan(samples=10)
    one = plans.seconds(plan, 5)
    assert plans.job_seconds(plan, [5] * 4) == pytest.approx(one, abs=0.1)
    assert plans.job_seconds(plan, [5] * 9) == pytest.approx(3 * one, abs=0.1)
