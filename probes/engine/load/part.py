"""A process of a split load test: reads orders as lines of JSON, answers in kind. See `split`."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import asdict
from ipaddress import ip_network
from typing import Any

import uvloop

from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.load.crew import Crew
from probes.engine.load.plan import LoadPlan
from probes.engine.load.tally import Slice
from probes.engine.load.workload import Ground
from probes.engine.resolve import Resolver


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
        await _tell(crew.take())
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as telling:
            async for line in orders:
                order = json.loads(line)
                if "stop" in order:
                    stop.set()
                else:
                    # A task, so that the last answers are awaited and ``stop`` is heard meanwhile.
                    telling.create_task(_tell(_carried_out(crew, order, stop)))
            stop.set()


def _carried_out(crew: Crew, order: Mapping[str, float], stop: asyncio.Event) -> Coroutine[Any, Any, Slice]:
    if "level" in order:
        return crew.level(order["level"])
    if "finish" in order:
        return crew.finish(order["finish"], stop)
    return crew.take()


async def _tell(found: Awaitable[Slice]) -> None:
    _say({"slice": asdict(await found)})


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
