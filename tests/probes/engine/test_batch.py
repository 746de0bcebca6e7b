"""Many probes at once: each result as soon as it is there, and nobody waits for anybody else."""

import asyncio
import logging
import time

from probes.engine import batch
from probes.engine.batch import probe_many
from probes.engine.egress import EgressRules
from tests.probes.engine.conftest import at, endpoint_of
from tests.rigs import hostile
from tests.rigs.dns import name_server
from tests.rigs.sockets import all_closed


async def test_good_targets_are_not_delayed_by_dead_and_hostile_ones(unencrypted):
    async with (
        hostile.serve(hostile.silent) as silent,
        hostile.serve(hostile.floods(hostile.auth(0), hostile.notice())) as flood,
        hostile.serve(hostile.scram("2000000000")) as greedy,
    ):
        probes = [(f"silent {number}", at(silent, connect_timeout=1.2)) for number in range(10)]
        probes += [("flood", at(flood)), ("greedy", at(greedy))]
        probes += [(f"good {number}", endpoint_of(unencrypted, connect_timeout=10)) for number in range(10)]
        results = [(key, outcome) async for key, outcome in probe_many(probes)]

    order = [key for key, _ in results]
    outcomes = dict(results)
    assert sorted(order) == sorted(key for key, _ in probes)
    assert all(outcomes[f"good {number}"].ok for number in range(10))
    assert max(order.index(f"good {number}") for number in range(10)) < min(
        order.index(f"silent {number}") for number in range(10)
    )


async def test_every_endpoint_gets_exactly_one_outcome_whatever_the_limit(unencrypted):
    probes = [(number, endpoint_of(unencrypted, connect_timeout=10)) for number in range(12)]

    keys = [key async for key, outcome in probe_many(probes, concurrency=2) if outcome.ok]

    assert sorted(keys) == list(range(12))


async def test_a_bug_in_one_probe_disturbs_no_other(unencrypted, monkeypatch, caplog):
    real = batch.probe_connection

    async def buggy(endpoint, **kwargs):
        if endpoint.database == "bug":
            raise ZeroDivisionError("a bug of ours")
        return await real(endpoint, **kwargs)

    monkeypatch.setattr(batch, "probe_connection", buggy)
    probes = [("good", endpoint_of(unencrypted)), ("bad", endpoint_of(unencrypted, database="bug"))]
    with caplog.at_level(logging.ERROR, logger=batch.logger.name):
        outcomes = dict([pair async for pair in probe_many(probes)])

    assert outcomes["good"].ok
    failure = outcomes["bad"].failure
    assert failure is not None
    assert (failure.code, failure.phase) == ("internal_error", "worker")
    assert "a bug of ours" in caplog.text
    assert "pencil" not in caplog.text


async def test_rules_and_name_servers_hold_for_the_whole_batch():
    async with name_server({"inside.test": ["127.0.0.1"]}) as server:
        outcomes = dict(
            [
                pair
                async for pair in probe_many(
                    [("denied", at(1, host="inside.test"))],
                    rules=EgressRules.denying(["127.0.0.0/8"]),
                    nameservers=[server],
                )
            ]
        )

    assert outcomes["denied"].failure is not None
    assert outcomes["denied"].failure.code == "egress_denied"


async def test_a_batch_that_is_given_up_stops_its_probes():
    async with hostile.serve(hostile.silent) as port, hostile.serve(hostile.drops) as dropping:
        probes = [("ends", at(dropping)), *((number, at(port, connect_timeout=30)) for number in range(5))]
        results = probe_many(probes)
        key, _ = await anext(results)
        await results.aclose()

        assert key == "ends"
        await all_closed(port)


async def test_an_empty_batch_ends_at_once():
    assert [pair async for pair in probe_many([])] == []


async def test_a_busy_loop_marks_the_outcome():
    async with hostile.serve(hostile.silent) as port:
        asyncio.get_running_loop().call_later(0.1, time.sleep, 0.3)
        outcomes = [outcome async for _, outcome in probe_many([("one", at(port, connect_timeout=0.6))])]

    assert outcomes[0].strained
