"""A process that probes what it is told to, all at once on one loop as a worker does, and tells how that went.

Reads one JSON object from standard input: ``kind``, ``seconds`` (the plan's own) and ``targets``, endpoints by name.
Writes one: ``peak_mb``, the most memory that it ever had, and by name ``code`` (empty: it works), ``phase``,
``message`` and ``late``, the seconds past the probe's deadline.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from probes.engine.connection import probe_connection
from probes.engine.endpoint import Endpoint
from probes.engine.health import probe_health
from probes.engine.lag import LagWatch
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.load import LoadPlan, run_load
from probes.engine.outcome import Outcome
from probes.engine.resolve import Resolver

LATENCY = LatencyPlan(samples=5, warm_up=0)
LOAD = LoadPlan(clients=4, seconds=0.5, all_slots=True, processes=1)


async def probe(kind: str, endpoint: Endpoint, **shared: Any) -> tuple[Outcome, float]:
    """The outcome, and the deadline in seconds."""
    patience = endpoint.connect_timeout
    match kind:
        case "connection":
            return await probe_connection(endpoint, **shared), patience
        case "latency":
            return await probe_latency(endpoint, LATENCY, **shared), LATENCY.seconds(patience)
        case "health":
            return await probe_health(endpoint, seconds=2.0, **shared), 2.0
        case _:
            events = [event async for event in run_load(endpoint, LOAD, resolver=shared["resolver"])]
            assert isinstance(events[-1], Outcome)
            # One look, then all clients.
            return events[-1], patience * (2 + LOAD.clients / 80) + LOAD.seconds


async def witness(orders: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    farewells: set[asyncio.Task[None]] = set()

    async def one(name: str, fields: dict[str, Any]) -> None:
        began = time.monotonic()
        outcome, deadline = await probe(
            orders["kind"], Endpoint(**fields), resolver=names, lag=lag, background=farewells
        )
        failure = outcome.failure
        told[name] = {
            "code": failure.code if failure else "",
            "phase": failure.phase if failure else "",
            "message": failure.message if failure else "",
            "late": round(time.monotonic() - began - deadline, 2),
        }

    async with Resolver() as names:
        with LagWatch() as lag:
            await asyncio.gather(*(one(name, fields) for name, fields in orders["targets"].items()))
            await asyncio.gather(*farewells)
    return {"peak_mb": round(peak_kb() / 1024), "told": told}


def peak_kb() -> int:
    """Of this program alone: what getrusage tells includes the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    print(json.dumps(uvloop.run(witness(json.load(sys.stdin)))))
