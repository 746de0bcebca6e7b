"""Accepted runs a second: `POST /api/connections/{id}/connection` from 16 programs that never pause.

The whole stack runs as ``make up`` starts it, on the same cores as the programs that ask. The runs are for a vantage whose
pool is elsewhere, as in a site with regional pools: what is measured is accepting, which is all from the request to the
sealed job on its queue, and not the probes. After each turn, which is shorter than the reaper's patience, that pool is
taken to have done its work. A run counts when its 202 has arrived; afterwards each must be in the
database, and its job published. At the end /metrics is read, compressed as Prometheus asks for it, with 10,000 connections
that have a result of each kind but load. The peer, in turns in the same run and in the same database, is a Django with one
view and no middleware that commits one row for each request (`bench._bare`).
"""

import asyncio
import contextlib
import gzip
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench._report import finish, percentile
from config.stack.ports import free_port
from tests.rigs.stack import PROJECT, Stack

ROUNDS = 7
PROGRAMS = 16
SECONDS = 3.0
WARM_UP = 2.0
CONNECTION = "SELECT id FROM connections_connection ORDER BY simulated_rtt_ms, id LIMIT 1"
ACCEPTED = """
SELECT count(*) AS runs, count(*) FILTER (WHERE published_at IS NULL) AS waiting
FROM probes_run AS r JOIN probes_job AS j ON j.run_id = r.id WHERE source = 'api'
"""
VANTAGE = "elsewhere"
DONE = "UPDATE probes_job SET settled_at = now() WHERE settled_at IS NULL RETURNING id"
ENDED = "UPDATE probes_run SET finished_at = now(), state = 'finished' WHERE finished_at IS NULL RETURNING id"
CONNECTIONS = 10_000
METRICS_TOKEN = "bench"
METRICS_ROUNDS = 7
FILL = f"""
from django.utils import timezone
from connections.models import Connection
from probes.models import Kind, Latest, uuid7
now, kinds = timezone.now(), (Kind.CONNECTION, Kind.LATENCY, Kind.HEALTH)
made = Connection.objects.bulk_create(
    Connection(name=f"metered {{number:05}}", host="db.example.org", database="d", username="u", sslmode="disable")
    for number in range({CONNECTIONS})
)
Latest.objects.bulk_create(
    (
        Latest(
            connection=one, vantage="home", kind=kind, issued_at=now, run_id=uuid7(), started_at=now, finished_at=now,
            ok=True, dns_ms=0.4, tcp_ms=12.3, tls_ms=25.1, auth_ms=30.7, query_ms=12.6, total_ms=81.1, queue_ms=3.2,
            p50_ms=12.4, p95_ms=13.9, p99_ms=17.2, rate=78.5,
        )
        for one in made for kind in kinds
    ),
    batch_size=2000,
)
"""
ADD_VANTAGE = f"INSERT INTO probes_vantage (code, name, active) VALUES ('{VANTAGE}', '', true) RETURNING id"


@dataclass
class Taken:
    """What one turn took: the milliseconds of each answer."""

    seconds: float = 0.0
    answers: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds


def main() -> None:
    ours, peer, asked = [], [], 0
    with (
        Stack(API_REQUESTS_PER_MINUTE="0", MERIDIAN_METRICS_TOKEN=METRICS_TOKEN) as stack,
        bare(stack) as other,
    ):
        token = stack.manage("issue_token", "admin").stdout.splitlines()[-1]
        [target], _ = stack.rows(CONNECTION), stack.rows(ADD_VANTAGE)
        path = f"/api/connections/{target['id']}/connection"
        for number in range(ROUNDS + 1):
            # The first turn of each warms up.
            seconds = SECONDS if number else WARM_UP
            turn = asyncio.run(ask(stack.url, path, token, seconds))
            asked += len(turn.answers)
            lasted = settle(stack, asked)
            compared = asyncio.run(ask(other, "/", token, seconds))
            if number:
                show("accepted runs", turn, f"the last was published {lasted:.1f} s later")
                show("rows of a bare Django view", compared, "")
                ours.append(turn)
                peer.append(compared)
        metrics_ms = read_metrics(stack)
    answers = [one for turn in ours for one in turn.answers]
    rate, compare = (statistics.median(turn.rate for turn in turns) for turns in (ours, peer))
    finish(
        name="api",
        figure=round(rate, 1),
        unit="accepted runs/s",
        p50_ms=round(percentile(answers, 0.5), 1),
        p99_ms=round(percentile(answers, 0.99), 1),
        ratio=round(rate / compare, 2),
        peer=round(compare, 1),
        metrics_ms_10000=round(metrics_ms),
    )


@contextlib.contextmanager
def bare(stack: Stack) -> Iterator[str]:
    """The address of the peer, on the stack's database."""
    port = free_port()
    words = [
        "uvicorn",
        "bench._bare:application",
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    environ = {**os.environ, "DATABASE_URL": stack.state()["database_url"]}
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=PROJECT, env=environ)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    async def connect() -> None:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(connect(), 30))


def settle(stack: Stack, asked: int) -> float:
    """Seconds until everything that was accepted is published; every run that was asked for must be there. Ends them."""
    began = time.monotonic()
    while True:
        [found] = stack.rows(ACCEPTED)
        assert found["runs"] == asked, f"{asked} runs were accepted, and {found['runs']} are there"
        if not found["waiting"]:
            lasted = time.monotonic() - began
            stack.rows(DONE)
            stack.rows(ENDED)
            return lasted
        time.sleep(0.2)


def read_metrics(stack: Stack) -> float:
    """Milliseconds, the median of some readings."""
    stack.shell(FILL)
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}", "Accept-Encoding": "gzip"}
    asked = urllib.request.Request(f"{stack.url}/metrics", headers=headers)
    taken = []
    for _ in range(METRICS_ROUNDS):
        begun = time.perf_counter()
        with urllib.request.urlopen(asked, timeout=60) as answer:
            body = answer.read()
        taken.append((time.perf_counter() - begun) * 1000)
    text = gzip.decompress(body)
    assert text.count(b"meridian_probe_success{") >= 3 * CONNECTIONS, "some results are not told"
    print(
        f"/metrics of {CONNECTIONS:,} connections: {statistics.median(taken):.0f} ms, at worst {max(taken):.0f} ms, "
        f"{len(text) / 1e6:.1f} MB, {len(body) / 1e6:.1f} MB on the wire"
    )
    return statistics.median(taken)


async def ask(url: str, path: str, token: str, seconds: float) -> Taken:
    taken = Taken()
    began = time.perf_counter()
    await asyncio.gather(*(program(url, path, token, began + seconds, taken) for _ in range(PROGRAMS)))
    taken.seconds = time.perf_counter() - began
    return taken


async def program(url: str, path: str, token: str, until: float, taken: Taken) -> None:
    """Asks over one connection, again as soon as it is answered."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    body = json.dumps({"vantages": [VANTAGE]}).encode()
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    while (begun := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 202"), head + answer
        assert json.loads(answer)["id"]
        taken.answers.append((time.perf_counter() - begun) * 1000)
    writer.close()


def show(name: str, turn: Taken, more: str) -> None:
    p50, p99 = percentile(turn.answers, 0.5), percentile(turn.answers, 0.99)
    print(f"{name:<28} {turn.rate:7.1f}/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   {more}")
