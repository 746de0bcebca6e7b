"""Statements a second against ``pgbench -M prepared -j 1``, in turns, with histogram, series and progress on.

Ours as anybody gets it: in as many processes as it takes for itself, at most one for each processor. Beside it ours in one
process, and a bare asyncpg script in one: how that compares with pgbench depends on the machine more than on either.
"""

import asyncio
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field

import asyncpg

from bench import _peer
from bench._report import finish
from probes.engine.endpoint import Endpoint
from probes.engine.load import LoadPlan

CLIENTS = (1, 10, 50, 200)
ROUNDS = 5
SECONDS = 1.5
SIDES = ("ours", "one process", "pgbench", "asyncpg")


@dataclass
class Found:
    """Of each side statements a second and CPU microseconds for one, a figure for each round."""

    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    processes: list[int] = field(default_factory=list)

    def rate(self, side: str) -> float:
        return statistics.median(self.rates[side])

    def ratio(self, side: str) -> float:
        return _peer.median_ratio(self.rates[side], self.rates["pgbench"])

    def cpu_us(self, side: str) -> float:
        return round(statistics.median(self.cpu[side]), 1)


def main() -> None:
    found: dict[int, Found] = {}
    print(f"{'clients':>7}" + "".join(f"{side + '/s':>15} {'ratio':>5} {'CPU us':>6}" for side in SIDES))
    with _peer.target() as target:
        for clients in CLIENTS:
            found[clients] = one = measure(target, clients)
            columns = (
                f"{one.rate(side):>15,.0f} {one.ratio(side):>5.2f} {cpu(one, side):>6}" for side in SIDES
            )
            print(f"{clients:>7}{''.join(columns)}   in {max(one.processes)} of ours", flush=True)
    finish(
        name="load",
        figure=round(max(one.rate("ours") for one in found.values())),
        unit="statements/s",
        ratio={clients: one.ratio("ours") for clients, one in found.items()},
        peer="pgbench -n -M prepared -j 1",
        processes={clients: one.processes for clients, one in found.items()},
        one_process_ratio={clients: one.ratio("one process") for clients, one in found.items()},
        asyncpg_ratio={clients: one.ratio("asyncpg") for clients, one in found.items()},
        cpu_us={clients: one.cpu_us("ours") for clients, one in found.items()},
        one_process_cpu_us={clients: one.cpu_us("one process") for clients, one in found.items()},
        peer_cpu_us={clients: one.cpu_us("pgbench") for clients, one in found.items()},
    )


def cpu(found: Found, side: str) -> str:
    return f"{found.cpu_us(side):.1f}" if found.cpu[side] else ""


def measure(target: _peer.Target, clients: int) -> Found:
    found = Found()
    for _ in range(ROUNDS):
        found.processes.append(ours(found, "ours", target.endpoint, clients, processes=0))
        ours(found, "one process", target.endpoint, clients, processes=1)
        before = _peer.children_cpu()
        printed = target.pgbench("-M", "prepared", "-c", str(clients), "-T", str(2 + clients // 100))
        found.rates["pgbench"].append(_peer.rate(printed))
        found.cpu["pgbench"].append((_peer.children_cpu() - before) / _peer.transactions(printed) * 1e6)
        found.rates["asyncpg"].append(_peer.run(lambda: bare_rate(target.endpoint, clients)))
    return found


def ours(found: Found, side: str, endpoint: Endpoint, clients: int, *, processes: int) -> int:
    """Adds a round; returns how many processes it took."""
    plan = LoadPlan(clients=clients, seconds=SECONDS, all_slots=True, processes=processes)
    outcome = _peer.load(endpoint, plan)
    assert outcome.summary is not None
    found.rates[side].append(outcome.summary.rate or 0.0)
    found.cpu[side].append(outcome.detail["cpu_us_per_statement"])
    return int(outcome.detail["processes"])


async def bare_rate(endpoint: Endpoint, clients: int) -> float:
    """What a script of a few lines reaches: so many prepared loops on one event loop, nothing recorded."""
    pool = [
        await asyncpg.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=endpoint.database,
            ssl=False,
        )
        for _ in range(clients)
    ]
    began = time.perf_counter()

    async def ask(connection: asyncpg.Connection) -> int:
        statement, asked = await connection.prepare("SELECT 1"), 0
        while time.perf_counter() < began + SECONDS:
            await statement.fetchval()
            asked += 1
        return asked

    asked = sum(await asyncio.gather(*map(ask, pool)))
    rate = asked / (time.perf_counter() - began)
    for connection in pool:
        await connection.close()
    return rate
