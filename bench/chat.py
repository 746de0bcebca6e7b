"""From a model's word to the socket of the page that shows it, with one conversation and with twenty at once.

The whole stack runs as ``make up`` starts it; the model is the tests' Ollama, which says thirty words a second and
notes when it said each. A websocket client stands for each page: a word counts once the frame that first holds it
has arrived. The time includes reading the stream, coalescing, rendering, the broker and the web process. The peer is
Ollama's own client on the same stream, without Meridian between.
"""

import asyncio
import json
import re
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import ollama
from websockets.asyncio.client import connect
from websockets.typing import Origin

from bench._report import finish, percentile
from tests.rigs.ollama import MODEL, Ollama, Turn, ends, says
from tests.rigs.stack import PASSWORD, Stack

WORDS = 300
PAUSE = 1 / 30
A_PARAGRAPH = 40
MANY = 20
TARGET_MS = 60.0

WORD = re.compile(r"\bw(\d+)z")


class Speaker(Ollama):
    """Says numbered words to whoever asks for conversation "… number N", and knows when."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[int, int], float] = {}

    def turn(self, request: Mapping[str, Any]) -> Turn:
        conversation = int(request["messages"][-1]["content"].rpartition(" ")[2])
        return self._words(conversation)

    def _words(self, conversation: int) -> Iterator[Any]:
        began = time.perf_counter()
        for number in range(WORDS):
            yield max(0.0, began + number * PAUSE - time.perf_counter())
            yield lambda number=number: self._word(conversation, number)
        yield from ends()

    def _word(self, conversation: int, number: int) -> Mapping[str, Any]:
        self.said[conversation, number] = time.perf_counter()
        end = "\n\n" if number % A_PARAGRAPH == A_PARAGRAPH - 1 else " "
        return says(f"w{number}z{end}")[0]


def main() -> None:
    with Speaker() as speaker:
        peer = directly(speaker)
        with Stack(OLLAMA_BASE_URL=speaker.url, OLLAMA_MODEL=MODEL) as stack:
            session = signed_in(stack)
            asyncio.run(measure(stack, session, speaker, range(1, 2)))
            one = asyncio.run(measure(stack, session, speaker, range(100, 101)))
            many = asyncio.run(measure(stack, session, speaker, range(200, 200 + MANY)))
    for name, samples in (("Ollama's own client", peer), ("1 conversation", one), (f"{MANY} at once", many)):
        median, worst = statistics.median(samples), percentile(samples, 0.95)
        print(f"{name:<24} median {median:8.1f} ms   p95 {worst:8.1f} ms   n {len(samples)}")
    worst_median = max(statistics.median(one), statistics.median(many))
    finish(
        name="chat",
        figure=round(worst_median, 1),
        unit="ms",
        ratio=round(worst_median / statistics.median(peer), 1),
        peer="ollama.Client on the same stream",
        p50_ms=round(worst_median, 1),
        one={"p50_ms": round(statistics.median(one), 1), "p95_ms": round(percentile(one, 0.95), 1)},
        many={"p50_ms": round(statistics.median(many), 1), "p95_ms": round(percentile(many, 0.95), 1)},
        target_ms=TARGET_MS,
        conversations=MANY,
    )


def directly(speaker: Speaker) -> list[float]:
    """Milliseconds from each word to Ollama's own client."""
    client = ollama.Client(speaker.url, trust_env=False)
    taken = []
    for part in client.chat(MODEL, [{"role": "user", "content": "number 0"}], stream=True):
        for number in WORD.findall(part.message.content or ""):
            taken.append((time.perf_counter() - speaker.said[0, int(number)]) * 1000)
    return taken


def signed_in(stack: Stack) -> httpx.Client:
    session = httpx.Client(base_url=stack.url, trust_env=False, timeout=30)
    token = session.get("/login/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert session.post("/login/", data=form, headers={"Referer": stack.url}).status_code == 302
    return session


async def measure(stack: Stack, session: httpx.Client, speaker: Speaker, conversations: range) -> list[float]:
    """Milliseconds from each word of each conversation to its page, all conversations at once."""
    async with asyncio.TaskGroup() as group:
        pages = [group.create_task(follow(stack, session, speaker, one)) for one in conversations]
    return [sample for page in pages for sample in page.result()]


async def follow(stack: Stack, session: httpx.Client, speaker: Speaker, conversation: int) -> list[float]:
    pk = await asyncio.to_thread(ask, session, conversation)
    cookie = f"sessionid={session.cookies['sessionid']}"
    address = f"{stack.url.replace('http', 'ws')}/ws/assistant/{pk}/"
    taken: list[float] = []
    seen = -1
    async with connect(
        address, origin=Origin(stack.url), additional_headers={"Cookie": cookie}, compression=None, proxy=None
    ) as page:
        while seen < WORDS - 1:
            frame = json.loads(await asyncio.wait_for(page.recv(), 60))
            now = time.perf_counter()
            numbers = [int(one) for one in WORD.findall(frame.get("html", ""))]
            newest = max(numbers, default=-1)
            first = seen < 0
            for number in range(seen + 1, newest + 1):
                # What was said before the page had opened its socket did not wait for us.
                if not first:
                    taken.append((now - speaker.said[conversation, number]) * 1000)
            seen = max(seen, newest)
    return taken


_asking = threading.Lock()


def ask(session: httpx.Client, conversation: int) -> str:
    with _asking:
        token = {"X-CSRFToken": session.cookies["csrftoken"], "Referer": session.base_url.join("/").__str__()}
        asked = {"text": f"Conversation number {conversation}"}
        there = session.post("/assistant/new/", data=asked, headers=token)
        assert there.status_code == 302, there.status_code
        return there.headers["Location"].rstrip("/").rpartition("/")[2]
