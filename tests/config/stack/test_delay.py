import asyncio
import random
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from config.stack.delay import Route
from config.stack.ports import free_port

Proxy = Callable[..., Awaitable[int]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b"the end")
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """Starts a proxy with a round trip in ms before a target (echo); gives its port."""
    processes: list[asyncio.subprocess.Process] = []
    target = await asyncio.start_server(echo, "127.0.0.1", 0)

    async def start(rtt_ms: float, port: int | None = None) -> int:
        route = Route(listen=free_port(), target=port or port_of(target), rtt_ms=rtt_ms)
        command = [sys.executable, "-m", "config.stack.delay", str(route)]
        processes.append(await asyncio.create_subprocess_exec(*command))
        for _ in range(500):
            with suppress(ConnectionRefusedError):
                await close((await dial(route.listen))[1])
                break
            await asyncio.sleep(0.02)
        return route.listen

    yield start
    for process in processes:
        process.kill()
        await process.wait()
    target.close()
    await target.wait_closed()


def port_of(server: asyncio.Server) -> int:
    return server.sockets[0].getsockname()[1]


async def dial(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionResetError):
        await writer.wait_closed()


async def round_trip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    writer.write(b"?")
    await reader.readexactly(1)
    return (time.perf_counter() - began) * 1000


async def test_every_answer_comes_a_round_trip_later(proxy):
    reader, writer = await dial(await proxy(40))
    await round_trip(reader, writer)
    times = [await round_trip(reader, writer) for _ in range(5)]
    await close(writer)
    assert min(times) > 38


async def test_the_first_bytes_also_wait_for_the_handshake(proxy):
    reader, writer = await dial(await proxy(40))
    first = await round_trip(reader, writer)
    await close(writer)
    assert first > 78


async def test_many_bytes_arrive_whole_and_in_order_and_the_end_travels_alone(proxy):
    reader, writer = await dial(await proxy(20))
    sent = random.Random(1).randbytes(12_000_000)

    async def send() -> None:
        for start in range(0, len(sent), 100_000):
            writer.write(sent[start : start + 100_000])
            await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    received = await reader.read()
    await sending
    await close(writer)
    assert received == sent + b"the end"


async def test_connections_do_not_wait_for_each_other(proxy):
    port = await proxy(100)

    async def one() -> float:
        began = time.perf_counter()
        reader, writer = await dial(port)
        await round_trip(reader, writer)
        took = time.perf_counter() - began
        await close(writer)
        return took

    began = time.perf_counter()
    times = await asyncio.gather(*(one() for _ in range(50)))
    assert min(times) > 0.195
    assert time.perf_counter() - began < 50 * 0.2 / 4


async def test_a_target_that_refuses_is_passed_on_as_a_reset(proxy):
    reader, writer = await dial(await proxy(10, port=free_port()))
    with pytest.raises(ConnectionResetError):
        await reader.read()
    await closed(writer)


async def test_a_reset_by_the_target_reaches_the_client(proxy):
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        linger = b"\1\0\0\0\0\0\0\0"
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    target = await asyncio.start_server(reset, "127.0.0.1", 0)
    reader, writer = await dial(await proxy(10, port=port_of(target)))
    writer.write(b"?")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    await closed(writer)
    target.close()
    await target.wait_closed()


def test_a_route_reads_what_it_writes():
    route = Route.parse("20001:5432:12.5")
    assert route == Route(listen=20001, target=5432, rtt_ms=12.5)
    assert Route.parse(str(route)) == route
