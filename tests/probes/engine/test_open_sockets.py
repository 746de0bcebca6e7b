"""No probe leaves a socket open, however it ended."""

import asyncio

import pytest

from probes.engine.connection import probe_connection
from tests.probes.engine.conftest import at
from tests.rigs import hostile
from tests.rigs.sockets import all_closed

SERVERS = {
    "silent": hostile.silent,
    "dropping": hostile.drops,
    "speaking HTTP": hostile.http,
    "hanging in TLS": hostile.hangs_in_tls,
    "breaking TLS": hostile.breaks_tls,
    "rejecting": hostile.answers(hostile.error("28P01", b"no")),
    "violating": hostile.answers(hostile.auth(3)),
    "not answering": hostile.answers(hostile.WELCOME),
    "working": hostile.answers(hostile.WELCOME, hostile.SELECTED),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_none_is_left_after_a_probe(name):
    async with hostile.serve(SERVERS[name]) as port:
        for _ in range(2):
            await probe_connection(at(port, sslmode="prefer", connect_timeout=0.2))
        await all_closed(port)


@pytest.mark.parametrize("after", [0.0, 0.02, 0.1])
@pytest.mark.parametrize(
    ("name", "sslmode"),
    [
        ("silent", "disable"),
        ("silent", "require"),
        ("hanging in TLS", "require"),
        ("not answering", "disable"),
    ],
)
async def test_none_is_left_after_a_cancelled_probe(name, sslmode, after):
    async with hostile.serve(SERVERS[name]) as port:
        task = asyncio.create_task(probe_connection(at(port, sslmode=sslmode, connect_timeout=5)))
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await all_closed(port)


@pytest.mark.parametrize("password", ["pencil", "wrong"])
async def test_none_is_left_on_a_real_server(encrypted, unencrypted, password):
    for cluster in (encrypted, unencrypted):
        await probe_connection(at(cluster.port, sslmode="prefer", password=password))
        await all_closed(cluster.port)
