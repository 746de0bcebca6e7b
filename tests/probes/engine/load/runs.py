"""Runs a load test to its end, as the tests of the load probe want it."""

import asyncio
from collections.abc import Callable
from typing import Any

from probes.engine.endpoint import Endpoint
from probes.engine.load import LoadPlan, LoadProgress, run_load
from probes.engine.outcome import Outcome

Watch = Callable[[LoadProgress], Any]


def _plan(asked: dict[str, Any]) -> LoadPlan:
    return LoadPlan(**{"clients": 3, "seconds": 1, "processes": 1, **asked})


async def load(
    endpoint: Endpoint, *, watch: Watch | None = None, stop: asyncio.Event | None = None, **plan: Any
) -> Outcome:
    """The outcome of a test of one second with three clients in this process, unless ``plan`` says otherwise."""
    outcome: Outcome | None = None
    async for event in run_load(endpoint, _plan(plan), stop=stop):
        if isinstance(event, Outcome):
            assert outcome is None
            outcome = event
        elif watch is not None:
            watch(event)
    assert outcome is not None
    return outcome
