"""Numbers that make no sense are named before anything is opened: those of an endpoint and of a health probe."""

import pytest

from probes.engine.connection import probe_connection
from probes.engine.errors import OURS
from probes.engine.health import probe_health
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.outcome import Outcome
from probes.engine.plan import PlanError
from tests.probes.engine.conftest import at
from tests.probes.engine.load.runs import load
from tests.rigs import hostile

NONSENSE = [0, -1, -0.001, 2**63, 10**300, 1_000_000, float("nan"), float("inf"), float("-inf")]


async def every_kind(endpoint) -> list[Outcome]:
    return [
        await probe_connection(endpoint),
        await probe_latency(endpoint, LatencyPlan(samples=2, cold_connects=2)),
        await load(endpoint, clients=1, seconds=0.5),
        await load(endpoint, clients=2, seconds=0.5, processes=2),
        await probe_health(endpoint),
    ]


@pytest.mark.parametrize("field", ["port", "connect_timeout"])
@pytest.mark.parametrize("value", NONSENSE)
async def test_of_an_endpoint(field, value):
    for outcome in await every_kind(at(**{"port": 5432, field: value})):
        assert outcome.failure is not None
        assert (outcome.failure.code, outcome.failure.phase) == ("endpoint_invalid", "worker")
        assert outcome.failure.code in OURS


@pytest.mark.parametrize("value", [*NONSENSE, "5", None, True])
async def test_of_a_health_probe(value):
    async with hostile.serve(hostile.drops) as port:
        with pytest.raises(PlanError) as refused:
            await probe_health(at(port), seconds=value)
    assert refused.value.field == "seconds"
