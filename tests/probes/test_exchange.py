"""One connection hears for all open pages of a process, whatever happens to the broker meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from redis.exceptions import RedisError

from probes import broker, exchange, live
from probes.exchange import Exchange
from tests.rigs import servers
from tests.rigs.pages import open_page
from tests.rigs.slow_line import SlowLine

HANDSHAKE = 0.05


class Listener:
    def __init__(self, group: str) -> None:
        self.group = group
        self.told: asyncio.Queue[str] = asyncio.Queue()

    def offer(self, text: str) -> None:
        self.told.put_nowait(text)

    def offer_progress(self, text: str) -> None:
        self.told.put_nowait(text)


async def hears(page: Listener) -> bool:
    """Whether an event reaches the page; it may take until its connection is made anew."""
    for _ in range(20):
        await sync_to_async(live.push)(page.group, "<p></p>")
        try:
            await asyncio.wait_for(page.told.get(), 0.25)
        except TimeoutError:
            continue
        return True
    return False


@asynccontextmanager
async def of(pages: list[Listener]) -> AsyncIterator[Exchange]:
    joined = Exchange()
    for page in pages:
        await joined.join(page)
    yield joined
    for page in pages:
        await joined.leave(page)


@pytest.fixture
async def line(settings) -> AsyncIterator[SlowLine]:
    """The exchange's way to the broker; the tests' own is another."""
    broker.client()
    address = urlsplit(settings.REDIS_URL)
    made = SlowLine(address.port, HANDSHAKE)
    await made.mend()
    settings.REDIS_URL = address._replace(
        netloc=address.netloc.replace(f":{address.port}", f":{made.port}")
    ).geturl()
    yield made
    await made.cut()


async def test_every_page_hears_again_when_some_come_back_while_the_connection_is_made_anew(line):
    pages = [Listener(f"group {number}") for number in range(8)]
    async with of(pages) as joined:
        await line.cut()
        await line.mend()

        async def comes_back(page: Listener, after: float) -> None:
            await asyncio.sleep(after)
            await joined.leave(page)
            while True:
                try:
                    await joined.join(page)
                    return
                except RedisError:
                    await asyncio.sleep(0.05)

        async with asyncio.timeout(10):
            await asyncio.gather(*(comes_back(page, 0.02 * place) for place, page in enumerate(pages[1:])))
        assert [await hears(page) for page in pages] == [True] * len(pages)


async def test_a_message_that_cannot_be_read_is_logged_and_silences_nobody(caplog):
    page = Listener("group")
    async with of([page]):
        await sync_to_async(broker.client().publish)(live.channel("group"), b"\xc1")
        assert await hears(page)
    assert "Open pages hear of nothing new for a moment" in caplog.text


async def test_a_page_hears_even_if_the_listener_was_ended(monkeypatch):
    page, other = Listener("group"), Listener("other")
    async with of([page]) as joined:
        joined.listening.cancel()
        await asyncio.wait([joined.listening])
        await joined.join(other)
        assert await hears(page)
        assert await hears(other)
        await joined.leave(other)


async def test_a_broker_that_does_not_answer_is_waited_for_once_and_not_by_every_page(line, monkeypatch):
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 0.3)
    line.seconds = 30
    joined = Exchange()
    began = time.monotonic()
    pages = [joined.join(Listener("group")) for _ in range(20)]
    found = await asyncio.gather(*pages, return_exceptions=True)
    assert all(isinstance(one, RedisError) for one in found)
    assert time.monotonic() - began < 1.5


@pytest.mark.django_db(transaction=True)
async def test_a_page_that_opens_while_the_broker_is_away_is_told_to_try_later(client, caplog):
    await sync_to_async(servers.valkey.kill)()
    try:
        async with open_page(client) as socket:
            assert await socket.message(10) == {"type": "websocket.close", "code": 1013}
    finally:
        await sync_to_async(servers.valkey.start)()
    [line] = [record.getMessage() for record in caplog.records if "A page that opened" in record.getMessage()]
    assert "the broker is away" in line
