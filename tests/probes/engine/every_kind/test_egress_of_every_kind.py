"""The egress rules hold for every socket of every kind: probes, clients in processes, scratch tables, cancellations."""

import pytest

from probes.engine.connection import probe_connection
from probes.engine.egress import EgressRules
from probes.engine.errors import ProbeError
from probes.engine.health import probe_health
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.load import LoadPlan, create_scratch, drop_scratch, run_load
from probes.engine.outcome import Outcome
from probes.engine.resolve import Resolver
from tests.probes.engine.conftest import at
from tests.rigs import hostile
from tests.rigs.dns import name_server

RULES = EgressRules.denying(["127.0.0.0/8"])


async def every_kind(endpoint, rules, resolver=None) -> list[Outcome]:
    loads = [
        [event async for event in run_load(endpoint, plan, rules=rules, resolver=resolver)][-1]
        for plan in (LoadPlan(clients=2, seconds=0.5), LoadPlan(clients=2, seconds=0.5, processes=2))
    ]
    return [
        await probe_connection(endpoint, rules=rules, resolver=resolver),
        await probe_latency(
            endpoint, LatencyPlan(samples=2, cold_connects=2), rules=rules, resolver=resolver
        ),
        await probe_health(endpoint, rules=rules, resolver=resolver),
        *loads,
    ]


def counts(met: list[bytes]) -> hostile.Behaviour:
    async def behave(reader, writer):
        met.append(b"met")
        await hostile.silent(reader, writer)

    return behave


async def test_no_kind_touches_a_denied_address():
    met: list[bytes] = []
    async with hostile.serve(counts(met)) as port:
        outcomes = await every_kind(at(port), RULES)
        for attempt in (create_scratch(at(port), 100, rules=RULES), drop_scratch(at(port), rules=RULES)):
            with pytest.raises(ProbeError, match="egress_denied"):
                await attempt

    assert {outcome.failure.code for outcome in outcomes if outcome.failure} == {"egress_denied"}
    assert all(outcome.failure for outcome in outcomes)
    assert met == []


async def test_no_kind_touches_the_denied_address_of_a_name():
    met: list[bytes] = []
    async with (
        hostile.serve(counts(met)) as port,
        name_server({"inside.test": ["127.0.0.1"]}) as server,
        Resolver([server]) as resolver,
    ):
        outcomes = await every_kind(at(port, host="inside.test"), RULES, resolver)

    assert {outcome.failure.code for outcome in outcomes if outcome.failure} == {"egress_denied"}
    assert met == []


async def test_a_cancellation_goes_where_the_connection_went_though_its_name_leads_elsewhere_by_now():
    """Between the two the name turned to an address that nobody checked."""
    cancelled: list[bytes] = []

    async def hangs(reader, writer):
        head = await reader.readexactly(8)
        if head[4:] == hostile.CANCEL_REQUEST:
            cancelled.append(await reader.readexactly(8))
            return
        await reader.readexactly(int.from_bytes(head[:4], "big") - 8)
        writer.write(hostile.WELCOME)
        addresses[:] = ["169.254.169.254"]
        await hostile.forever()

    addresses = ["127.0.0.1"]
    zone = {"turning.test": addresses}
    async with hostile.serve(hangs) as port, name_server(zone) as server, Resolver([server]) as resolver:
        outcome = await probe_connection(
            at(port, host="turning.test", connect_timeout=0.6), resolver=resolver
        )

    assert outcome.failure is not None
    assert outcome.failure.code == "query_timeout"
    assert cancelled == [hostile.KEY[5:]]
    async with name_server(zone) as server, Resolver([server]) as resolver:
        turned = await probe_connection(at(1, host="turning.test"), resolver=resolver)
    assert turned.failure is not None
    assert turned.failure.code == "egress_denied"
