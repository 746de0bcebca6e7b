"""What a load plan refuses, naming the field."""

import pytest

from probes.engine.load import LoadPlan
from probes.engine.plan import PlanError

NOT_NUMBERS = [float("nan"), float("inf"), "5", True]
WRONG = [0, -1, 2**63, 10**400, *NOT_NUMBERS]


@pytest.mark.parametrize("value", [*WRONG, 1_000_000, 501, 1.5, None])
def test_there_are_1_to_500_clients(value):
    with pytest.raises(PlanError, match="clients: must be a whole number from 1 to 500"):
        LoadPlan(clients=value)


@pytest.mark.parametrize("value", [*WRONG, 1_000_000, 0.1, None])
def test_a_test_takes_at_most_an_hour(value):
    assert refused(seconds=value) == "seconds"


@pytest.mark.parametrize("value", [*WRONG, 1_000_001])
def test_the_rate_is_bounded(value):
    assert refused(rate=value) == "rate"


@pytest.mark.parametrize("value", [*WRONG, 1_000_000, None])
def test_the_statement_timeout_is_bounded(value):
    assert refused(statement_seconds=value) == "statement_seconds"


@pytest.mark.parametrize("value", [-1, 1.1, 2**63, 1_000_000, *NOT_NUMBERS, None])
def test_the_error_share_is_a_share(value):
    assert refused(max_error_share=value) == "max_error_share"


@pytest.mark.parametrize("value", [*WRONG[1:], 17, 1_000_000, None])
def test_processes_are_few(value):
    assert refused(processes=value, clients=100) == "processes"


def test_each_process_has_a_client():
    assert refused(processes=3, clients=2) == "processes"


@pytest.mark.parametrize(
    "ramp",
    [
        (0,),
        (-1,),
        (2, 1),
        (1, 1),
        (1, 501),
        (1, 1_000_000),
        (1, 2**63),
        (1, float("nan")),
        (float("inf"),),
        (1.5,),
        ("5",),
        (True,),
        [1, 2],
        tuple(range(1, 60)),
    ],
)
def test_a_ramp_rises_within_the_limits(ramp):
    assert refused(ramp=ramp, seconds=100) == "ramp"


@pytest.mark.parametrize("step", [0, -1, 1_000_001, 2**63, 10**400, *NOT_NUMBERS, None])
def test_a_ramp_of_rates_rises_within_the_limits(step):
    assert refused(rate=1, ramp=(step,), seconds=100) == "ramp"


def test_a_step_takes_at_least_a_second():
    assert refused(ramp=(1, 2, 3), seconds=2) == "ramp"


def test_own_sql_and_its_workload_go_together():
    assert refused(workload="sql") == "sql"
    assert refused(workload="sql", sql="  ") == "sql"
    assert refused(sql="SELECT 1") == "sql"
    assert refused(workload="sql", sql="SELECT '\0'") == "sql"
    assert refused(workload="sql", sql="SELECT '\udcff'") == "sql"
    assert refused(workload="sql", sql="x" * 1_000_000) == "sql"
    assert refused(workload="delete everything") == "workload"
    assert refused(spacing="odd") == "spacing"


def test_a_ramp_of_clients_and_one_of_rates_are_allowed():
    assert LoadPlan(ramp=(1, 10, 500), seconds=3).most_clients == 500
    assert LoadPlan(clients=7, rate=1, ramp=(0.5, 10_000.0), seconds=3).most_clients == 7


def refused(**fields) -> str:
    with pytest.raises(PlanError) as error:
        LoadPlan(**fields)
    return error.value.field
