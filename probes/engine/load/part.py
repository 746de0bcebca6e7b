"""A process of a split load test: reads orders as lines of JSON, answers in kind. See `split`."""

import asyncio
import json
import sys
from dataclasses import asdict
from ipaddress import ip_network
from typing import Any

import uvloop

from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.load.crew import Crew
from probes.engine.load.plan import LoadPlan
from probes.engine.load.workload import Ground
from probes.engine.resolve import Resolver

SLICE_SECONDS = 0.1


async def work() -> None:
    """Opens the crew, then obeys until the pipe closes; every connection is closed then."""
    orders = await _orders()
    first = json.loads(await orders.readline())
    plan = LoadPlan(**{**first["plan"], "ramp": ()})
    rules = EgressRules(tuple(ip_network(network) for network in first["denied"]))
    async with Resolver() as resolver:
        await _obey(
            Crew(Endpoint(**first["endpoint"]), plan, rules, resolver, Ground(**first["ground"])), orders
        )


async def _obey(crew: Crew, orders: asyncio.StreamReader) -> None:
    async with crew:
        try:
            await crew.open()
        except ProbeError as error:
            told = {"code": error.code, "phase": error.phase, "message": error.message}
            _say({"error": {**told, "sqlstate": error.sqlstate}})
            return
        crew.take()
        _say({"opened": True})
        telling = asyncio.create_task(_tell(crew))
        try:
            async for line in orders:
                order = json.loads(line)
                if "level" in order:
                    crew.level(order["level"])
                else:
                    telling.cancel()
                    _say({"slice": asdict(await crew.finish(cancelled=order["finish"]))})
                    _say({"finished": True})
        finally:
            telling.cancel()


async def _tell(crew: Crew) -> None:
    while True:
        await asyncio.sleep(SLICE_SECONDS)
        _say({"slice": asdict(crew.take())})


async def _orders() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _say(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(work())
