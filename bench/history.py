"""The history on ten million rows, or other sizes: how fast it is written, and how long a page waits for what it shows.

On plain PostgreSQL, in a cluster of its own with the settings of the embedded one, and on TimescaleDB where
``TIMESCALE_TEST_URL`` names a server (a role that may create databases). Rows are synthetic, spread over 30 days and
a thousand connections, and rolled up as housekeeping does it. Written rows go through the recorder, 500 a commit. The
peer, in the same run on the same rows, is the same chart as earlier programs drew it: every raw row to the page.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from cryptography.fernet import Fernet

from bench._report import finish
from config.stack.ports import free_port
from config.stack.postgres import Postgres
from config.stack.valkey import Valkey

parser = argparse.ArgumentParser(prog="python -m bench history")
parser.add_argument(
    "--rows", type=int, nargs="+", default=[10_000_000], help="one size, or several to compare"
)
parser.add_argument("--connections", type=int, default=1000)
parser.add_argument("--editions", nargs="+", choices=["plain", "timescale"], default=["plain", "timescale"])
parser.add_argument(
    "--keep",
    type=Path,
    help="a folder in which the plain cluster of each size stays, so that the next run finds its rows there",
)


def main() -> None:
    options = parser.parse_args(sys.argv[2:])
    found: dict[str, dict[int, Any]] = {}
    with broker() as redis_url:
        for rows in options.rows:
            for edition, server in editions(options.editions, options.keep and options.keep / str(rows)):
                with server as database_url:
                    one = measure(rows, options.connections, database_url, redis_url)
                show(edition, one)
                found.setdefault(edition, {})[rows] = one
    for edition, by_rows in found.items():
        compare(edition, by_rows)
    worst = max(
        read["p95"]
        for by_rows in found.values()
        for one in by_rows.values()
        for read in one["reads"].values()
    )
    finish(
        name="history",
        figure=worst,
        unit="ms",
        p95_ms=worst,
        rows=options.rows,
        rows_per_second=told(found, "rows_per_second"),
        reads_ms=told(found, "reads"),
        peer="the same chart from every raw row",
        peer_ms=told(found, "peer"),
        ratio=told(found, "ratio"),
    )


def told(found: dict[str, dict[int, Any]], name: str) -> dict[str, dict[int, Any]]:
    """One figure by edition and rows."""
    return {edition: {rows: one[name] for rows, one in by_rows.items()} for edition, by_rows in found.items()}


def editions(asked: Collection[str], keep: Path | None) -> Iterator[tuple[str, Any]]:
    if "plain" in asked:
        yield "plain", plain(keep)
    if "timescale" not in asked:
        return
    if url := os.environ.get("TIMESCALE_TEST_URL"):
        yield "timescale", timescale(url)
    else:
        print("TIMESCALE_TEST_URL is not set, so TimescaleDB is left out.")


@contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="meridian-bench-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def broker() -> Iterator[str]:
    with folder() as data, Valkey(data / "valkey", free_port()) as server:
        yield server.url


@contextmanager
def plain(keep: Path | None) -> Iterator[str]:
    with nullcontext(keep) if keep else folder() as data, Postgres(data / "postgres", free_port()) as server:
        yield server.url()


@contextmanager
def timescale(url: str) -> Iterator[str]:
    """A database of our own on that server, gone afterwards."""
    name = f"meridian_bench_{uuid.uuid4().hex[:12]}"
    own = urlsplit(url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            with psycopg.connect(own, autocommit=True) as made:
                made.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            yield own
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def measure(rows: int, connections: int, database_url: str, redis_url: str) -> dict[str, Any]:
    """What a process with these servers finds: Django reads its settings once."""
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url,
        "DATABASE_POOL": "0",
        "REDIS_URL": redis_url,
        "MERIDIAN_VAULT_KEYS": Fernet.generate_key().decode(),
    }
    numbers = [str(rows), str(connections)]
    done = subprocess.run(
        [sys.executable, "-m", "bench._history", *numbers], env=environ, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(edition: str, found: dict[str, Any]) -> None:
    print(f"\n{edition}: {found['rows']:,} rows, {found['size']}")
    print(f"{'written through the recorder':<42} {found['rows_per_second']:>9,} rows/s")
    for name, read in found["reads"].items():
        print(f"{name:<42} median {read['median']:>8.1f} ms   p95 {read['p95']:>8.1f} ms")
    peer = found["peer"]
    print(
        f"{'the same chart from every raw row':<42} median {peer['median']:>8.1f} ms   p95 {peer['p95']:>8.1f} ms   "
        f"{peer['kilobytes']:,} kB against {found['chart_kilobytes']:,} kB"
    )


def compare(edition: str, by_rows: dict[int, Any]) -> None:
    """What a read costs beside the rows that are kept: medians, because a p95 of few rounds is one slow moment."""
    print(f"\n{edition + ', ms of rows kept':<42}" + "".join(f"{rows:>14,}" for rows in by_rows))
    for name in next(iter(by_rows.values()))["reads"]:
        print(f"{name:<42}" + "".join(f"{one['reads'][name]['median']:>14.1f}" for one in by_rows.values()))
    print(
        f"{'the same chart from every raw row':<42}"
        + "".join(f"{one['peer']['median']:>14.1f}" for one in by_rows.values())
    )
