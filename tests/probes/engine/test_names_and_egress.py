"""How a host becomes an address, and which addresses a probe may connect to."""

import asyncio
import errno
import time

import pytest

from probes.engine import line
from probes.engine.connection import probe_connection
from probes.engine.egress import EgressRules
from probes.engine.resolve import Resolver, literal
from tests.probes.engine.conftest import at, endpoint_of
from tests.rigs import hostile
from tests.rigs.dns import SERVFAIL, name_server

# The last but one is in full-width digits.
DISGUISES = [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "127.0.0.1",
]

METADATA = [
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "::ffff:0:a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:a9:fe00::",
    "2001:db8::5efe:a9fe:a9fe",
    "2001:db8::200:5efe:a9fe:a9fe",
    "2001:0:a9fe:a9fe::1",
    "2001:0:102:304::5601:5601",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "fe80::1",
    "fe80::1%lo",
    "fd00:ec2::254",
    "0.0.0.0",
    "0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "\uff11\uff16\uff19.\uff12\uff15\uff14.\uff11\uff16\uff19.\uff12\uff15\uff14",
]


@pytest.mark.parametrize("host", DISGUISES)
def test_an_address_in_disguise_is_seen_for_what_it_is(host):
    assert literal(host) == "127.0.0.1"


@pytest.mark.parametrize(
    "host", ["localhost", "256.1.1.1", "1.2.3.4.5", "0x1ffffffff", "", "127.0.0.1 x", "a.b"]
)
def test_what_is_no_address_is_left_to_dns(host):
    assert literal(host) is None


@pytest.mark.parametrize("host", DISGUISES)
async def test_a_disguised_address_connects_where_it_says(unencrypted, host):
    outcome = await probe_connection(endpoint_of(unencrypted, host=host))

    assert outcome.failure is None
    assert outcome.server.address == f"127.0.0.1:{unencrypted.port}"


@pytest.mark.parametrize("host", METADATA)
async def test_dangerous_addresses_are_denied_by_default(host):
    outcome = await probe_connection(at(80, host=host))

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("egress_denied", "worker")
    assert outcome.server.address == ""


@pytest.mark.parametrize(
    "host",
    [
        *DISGUISES,
        "localhost",
        "::ffff:127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::5efe:127.0.0.1",
    ],
)
async def test_an_operator_can_deny_loopback_in_every_disguise(host):
    rules = EgressRules.denying(["127.0.0.0/8", " ::1/128 "])

    outcome = await probe_connection(at(5432, host=host), rules=rules)

    assert outcome.failure is not None
    assert outcome.failure.code == "egress_denied"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.0.0.1", "fd00::1", "168.63.129.17", "2001:db8::a9fe:a9fe", "::ffff:0:192.0.2.7"],
)
def test_loopback_private_and_public_addresses_are_allowed_by_default(address):
    assert EgressRules().allows(address)


def test_a_malformed_network_is_refused():
    with pytest.raises(ValueError, match="300"):
        EgressRules.denying(["10.0.0.0/300"])


async def test_a_name_that_leads_to_a_denied_address_is_denied():
    async with name_server({"rebind.test": ["169.254.169.254"]}) as server, Resolver([server]) as resolver:
        outcome = await probe_connection(at(80, host="rebind.test"), resolver=resolver)

    assert outcome.failure is not None
    assert outcome.failure.code == "egress_denied"


async def test_a_denied_address_is_passed_over_for_an_allowed_one(unencrypted):
    zone = {"both.test": ["169.254.169.254", "127.0.0.1"]}
    async with name_server(zone) as server, Resolver([server]) as resolver:
        outcome = await probe_connection(endpoint_of(unencrypted, host="both.test"), resolver=resolver)

    assert outcome.failure is None
    assert outcome.timings.dns is not None


async def test_the_next_address_is_tried_and_every_attempt_is_told(unencrypted):
    zone = {"pair.test": ["::1", "127.0.0.1"]}
    async with name_server(zone) as server, Resolver([server]) as resolver:
        outcome = await probe_connection(endpoint_of(unencrypted, host="pair.test"), resolver=resolver)

    assert outcome.failure is None
    first, second = outcome.detail["attempts"]
    assert (first["address"], first["failed"]) == ("::1", "tcp_refused")
    assert (second["address"], second["failed"]) == ("127.0.0.1", "")


async def test_what_another_address_answered_says_more_than_our_own_trouble(monkeypatch):
    connect = line._connect

    async def without_ipv6(address, *place):
        if ":" in address:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6 here")
        return await connect(address, *place)

    monkeypatch.setattr(line, "_connect", without_ipv6)
    for addresses, code in {("::1",): "client_barred", ("::1", "127.0.0.1"): "tcp_refused"}.items():
        async with name_server({"host.test": addresses}) as server, Resolver([server]) as resolver:
            outcome = await probe_connection(at(1, host="host.test"), resolver=resolver)

        assert outcome.failure is not None
        assert outcome.failure.code == code


async def test_a_dead_address_leaves_time_for_the_next():
    async with hostile.serve(hostile.answers(hostile.WELCOME, hostile.SELECTED)) as port:
        with hostile.deaf("127.0.0.2", port):
            zone = {"half.test": ["127.0.0.2", "127.0.0.1"]}
            async with name_server(zone) as server, Resolver([server]) as resolver:
                outcome = await probe_connection(at(port, host="half.test"), resolver=resolver)

    assert outcome.failure is None
    assert outcome.server.address == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("missing.test", "dns_not_found"),
        ("broken.test", "dns_failed"),
        ("silent.test", "dns_timeout"),
        ("no such host", "dns_not_found"),
        ("/var/run/postgresql", "dns_not_found"),
        ("-", "dns_not_found"),
        ("", "dns_not_found"),
        ("a" * 300, "dns_not_found"),
        ("a..b", "dns_not_found"),
        ("host\n", "dns_not_found"),
        ("<script>", "dns_not_found"),
        ("@/%", "dns_not_found"),
    ],
)
async def test_a_name_that_does_not_resolve_says_why(host, code):
    async with name_server({"silent.test": None, "broken.test": SERVFAIL}) as server:
        began = time.monotonic()
        async with Resolver([server]) as resolver:
            outcome = await probe_connection(at(5432, host=host, connect_timeout=0.7), resolver=resolver)

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == (code, "dns")
    assert time.monotonic() - began < 2.7


async def test_an_international_name_is_asked_for_in_ascii(unencrypted):
    async with name_server({"xn--bcher-kva.test": ["127.0.0.1"]}) as server, Resolver([server]) as resolver:
        outcome = await probe_connection(endpoint_of(unencrypted, host="bücher.test"), resolver=resolver)

    assert outcome.failure is None


async def test_hung_look_ups_hold_nobody_up(unencrypted):
    zone = {f"silent{number}.test": None for number in range(20)}
    async with name_server({**zone, "fine.test": ["127.0.0.1"]}) as server, Resolver([server]) as resolver:
        hung = [
            asyncio.create_task(probe_connection(at(1, host=name, connect_timeout=3), resolver=resolver))
            for name in zone
        ]
        await asyncio.sleep(0.1)
        fine = await probe_connection(endpoint_of(unencrypted, host="fine.test"), resolver=resolver)
        others_still_wait = not any(task.done() for task in hung)
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)

    assert fine.failure is None
    assert others_still_wait
