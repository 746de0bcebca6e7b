"""A result on a thousand open pages: how late the last of them hears of it, and what an open page costs the server.

The whole stack runs as ``make up`` starts it, with its one web process. An event is what the dashboard gets with a
result: a row, the totals, the feed, the progress; it is published as the recorder publishes, and timed from just before
that until it is on each socket. Then half as many clients join that never read a byte, while six times
more is published than any of them may keep waiting.
"""

import argparse
import asyncio
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import redis

from bench._report import finish, percentile
from bench._sockets import Listener
from probes.live import COUNT_AND_PUBLISH, SEQ_SECONDS
from tests.rigs.person import Person
from tests.rigs.stack import Stack

EVENT_BYTES = 12_000
"""A row of the dashboard with its spark, the tiles, the shares and the feed."""
EVENTS = 50
PAUSE = 0.2
FLOOD = 200
"""Events, a tenth of a second apart: two megabytes for each page, of which it may keep a sixth waiting."""
DRAIN = 2.0
OPENED_AT_ONCE = 25
PATIENCE = 10.0

parser = argparse.ArgumentParser(prog="python -m bench fanout")
parser.add_argument("--sockets", type=int, default=1000)
parser.add_argument("--deaf", type=int, default=500, help="clients that never read")


def main() -> None:
    options = parser.parse_args(sys.argv[2:])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Stack() as stack:
        asyncio.run(measure(stack, options.sockets, options.deaf))


async def measure(stack: Stack, sockets: int, deaf: int) -> None:
    person = await asyncio.to_thread(Person, stack)
    [web] = stack.processes("uvicorn")
    publisher = Publisher(stack)
    warm = await opened(person, 20)
    await publisher.events(warm, 10)
    for listener in warm:
        listener.close()
    await asyncio.sleep(1)

    before = memory(web)
    listeners = await opened(person, sockets)
    await asyncio.sleep(2)
    per_socket = (memory(web) - before) / sockets / 1024
    reached = await publisher.events(listeners, EVENTS)
    p95 = percentile(reached, 0.95)
    print(
        f"{sockets:,} sockets: p95 {p95:.1f} ms, last {max(reached):.1f} ms, {per_socket:.0f} kB each while idle"
    )

    dull = await opened(person, deaf, reads=False)
    steady = memory(web)
    await publisher.flood(FLOOD)
    beside = await publisher.events(listeners, EVENTS)
    beside_p95 = percentile(beside, 0.95)
    grown = (memory(web) - steady) / 1024 / 1024
    print(
        f"beside {deaf:,} that never read, after {FLOOD:,} events: p95 {beside_p95:.1f} ms, "
        f"{grown:.0f} MB more, {grown * 1024 / deaf:.0f} kB each"
    )
    for listener in [*listeners, *dull]:
        listener.close()
    finish(
        name="fanout",
        figure=round(max(p95, beside_p95), 1),
        unit="ms",
        p95_ms=round(max(p95, beside_p95), 1),
        sockets=sockets,
        kilobytes_per_idle_socket=round(per_socket, 1),
        never_reading=deaf,
        p95_beside_them_ms=round(beside_p95, 1),
        megabytes_for_them=round(grown, 1),
    )


class Publisher:
    """Publishes to the fleet's pages as `probes.live` does."""

    def __init__(self, stack: Stack) -> None:
        self.client = redis.Redis.from_url(stack.state()["redis_url"])
        self.script = self.client.register_script(COUNT_AND_PUBLISH)
        self.html = os.urandom(EVENT_BYTES // 2).hex()

    def publish(self) -> None:
        self.script(
            keys=["meridian:seq:fleet"], args=["meridian__group__fleet", f'"html":"{self.html}"', SEQ_SECONDS]
        )

    async def events(self, listeners: Sequence[Listener], count: int) -> list[float]:
        """Milliseconds until each event reached each of the listeners."""
        reached: list[float] = []
        for _ in range(count):
            for listener in listeners:
                listener.heard.clear()
            began = time.perf_counter()
            await asyncio.to_thread(self.publish)
            while any(not listener.heard for listener in listeners):
                if time.perf_counter() - began > PATIENCE:
                    raise TimeoutError("An event did not reach every page.")
                await asyncio.sleep(0.005)
            reached += [(listener.heard[0] - began) * 1000 for listener in listeners]
            await asyncio.sleep(PAUSE)
        return reached

    async def flood(self, count: int) -> None:
        for _ in range(count):
            await asyncio.to_thread(self.publish)
            await asyncio.sleep(0.1)
        await asyncio.sleep(DRAIN)


async def opened(person: Person, count: int, *, reads: bool = True) -> list[Listener]:
    listeners: list[Listener] = []
    while len(listeners) < count:
        some = min(OPENED_AT_ONCE, count - len(listeners))
        listeners += await asyncio.gather(*(Listener.open(person, reads=reads) for _ in range(some)))
    return listeners


def memory(pid: int) -> int:
    """Bytes of the process that nothing else shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
