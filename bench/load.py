"""Statements a second against ``pgbench -M prepared -j 1``, in turns, with histogram, series and progress on.

A bare asyncpg script runs beside them: how it compares with pgbench depends on the machine more than on either.
"""

import asyncio
import statistics
import time

import asyncpg

from bench import _peer
from bench._report import finish
from probes.engine.endpoint import Endpoint
from probes.engine.load import LoadPlan

CLIENTS = (1, 10, 50, 200)
ROUNDS = 5
SECONDS = 1.5


def main() -> None:
    ratios: dict[str, float] = {}
    bare_ratios: dict[str, float] = {}
    cpu: dict[str, float] = {}
    peer_cpu: dict[str, float] = {}
    figure = 0.0
    print(
        f"{'clients':>7} {'ours/s':>10} {'pgbench/s':>10} {'asyncpg/s':>10} {'ratio':>6} {'CPU us':>7} {'pgbench':>7}"
    )
    with _peer.target() as target:
        for clients in CLIENTS:
            ours, peer, bare, used, peer_used = measure(target, clients)
            key = str(clients)
            ratios[key] = _peer.median_ratio(ours, peer)
            bare_ratios[key] = _peer.median_ratio(bare, peer)
            cpu[key], peer_cpu[key] = statistics.median(used), statistics.median(peer_used)
            figure = max(figure, statistics.median(ours))
            print(
                f"{clients:>7} {statistics.median(ours):>10,.0f} {statistics.median(peer):>10,.0f} "
                f"{statistics.median(bare):>10,.0f} {ratios[key]:>6.2f} {cpu[key]:>7.1f} {peer_cpu[key]:>7.1f}"
            )
    finish(
        name="load",
        figure=round(figure),
        unit="statements/s",
        ratio=ratios,
        peer="pgbench -n -M prepared -j 1",
        asyncpg_ratio=bare_ratios,
        cpu_us={key: round(value, 1) for key, value in cpu.items()},
        peer_cpu_us={key: round(value, 1) for key, value in peer_cpu.items()},
    )


def measure(target: _peer.Target, clients: int) -> tuple[list[float], ...]:
    """Our rates, pgbench's, a bare script's; the CPU microseconds of ours and pgbench's for one statement."""
    ours, peer, bare, used, peer_used = [], [], [], [], []
    for _ in range(ROUNDS):
        outcome = _peer.load(target.endpoint, LoadPlan(clients=clients, seconds=SECONDS, all_slots=True))
        assert outcome.summary is not None
        ours.append(outcome.summary.rate or 0.0)
        used.append(outcome.detail["cpu_us_per_statement"])
        before = _peer.children_cpu()
        printed = target.pgbench("-M", "prepared", "-c", str(clients), "-T", str(2 + clients // 100))
        peer.append(_peer.rate(printed))
        peer_used.append((_peer.children_cpu() - before) / _peer.transactions(printed) * 1e6)
        bare.append(_peer.run(lambda: bare_rate(target.endpoint, clients)))
    return ours, peer, bare, used, peer_used


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
