"""Two hundred health checks of mixed servers and users, some of them hopeless: no error is ours."""

import asyncio
import itertools

from probes.engine.health import probe_health
from probes.engine.lag import LagWatch
from probes.engine.resolve import Resolver
from tests.probes.engine.health.conftest import USERS, patient_at
from tests.rigs import hostile
from tests.rigs.pgbouncer import program
from tests.rigs.postgres import bin_dir, free_port

OURS = {"internal_error", "client_exhausted", "protocol_violation"}
CHECKS = 200
AT_A_TIME = 20


async def test_two_hundred_health_checks_have_no_error_of_ours(ward):
    servers = [ward.get(major).port for major in (15, 17, 18) if bin_dir(major)] + [ward.replica().port]
    if program() is not None:
        servers.append(ward.pooler().port)
    async with hostile.serve(hostile.silent) as silent:
        healthy = itertools.cycle(patient_at(port, user) for port in servers for user in USERS)
        hopeless = itertools.cycle(
            [
                patient_at(free_port()),
                patient_at(servers[0], password="wrong"),
                patient_at(silent, connect_timeout=1),
            ]
        )
        targets = [next(hopeless if number % 10 == 0 else healthy) for number in range(CHECKS)]
        outcomes = await _examine(targets)

    codes = [outcome.failure.code for outcome in outcomes if outcome.failure]
    assert len(outcomes) == CHECKS
    assert not OURS & set(codes)
    assert set(codes) == {"tcp_refused", "auth_failed", "auth_timeout"}
    assert len(codes) == CHECKS // 10
    hints = [check["hint"] for outcome in outcomes for check in outcome.detail["checks"]]
    assert len(hints) > (CHECKS - len(codes)) * 15
    assert not any("could not be asked" in hint or "cannot be read" in hint for hint in hints)


async def _examine(targets):
    slots = asyncio.Semaphore(AT_A_TIME)
    farewells: set[asyncio.Task[None]] = set()

    async with Resolver() as resolver:
        with LagWatch() as lag:

            async def one(endpoint):
                async with slots:
                    return await probe_health(endpoint, resolver=resolver, lag=lag, background=farewells)

            outcomes = await asyncio.gather(*map(one, targets))
            await asyncio.gather(*farewells)
    return outcomes
