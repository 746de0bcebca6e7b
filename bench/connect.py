"""New connections with one query a second, each phase timed, against ``pgbench -C`` with ten clients, in turns.

The engine keeps the key that SCRAM derives from a password, and pgbench derives it for each connection: with that the
ratio is 2.6, without it 1.7.
"""

import asyncio
import statistics
import time

from bench import _peer
from bench._report import finish
from probes.engine.batch import probe_many
from probes.engine.endpoint import Endpoint

CLIENTS = 10
PROBES = 1000
ROUNDS = 5


def main() -> None:
    with _peer.target() as target:
        ours, peer = [], []
        for _ in range(ROUNDS):
            ours.append(_peer.run(lambda: rate(target.endpoint)))
            peer.append(_peer.rate(target.pgbench("-C", "-c", str(CLIENTS), "-T", "3")))
    ratio = _peer.median_ratio(ours, peer)
    print(
        f"ours {statistics.median(ours):,.0f}/s   pgbench -C {statistics.median(peer):,.0f}/s   {ratio:.2f}"
    )
    finish(
        name="connect",
        figure=round(statistics.median(ours)),
        unit="connections/s",
        ratio=ratio,
        peer=f"pgbench -n -C -c {CLIENTS} -j 1",
    )


async def rate(endpoint: Endpoint) -> float:
    """Probes a second, ten at a time; every one must work."""
    began = time.perf_counter()
    async for _, outcome in probe_many(((number, endpoint) for number in range(PROBES)), concurrency=CLIENTS):
        assert outcome.ok, outcome.failure
    await asyncio.sleep(0)
    return PROBES / (time.perf_counter() - began)
