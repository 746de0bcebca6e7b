"""The dashboard over a thousand connections and ten million results, as people wait for it.

The whole stack runs as ``make up`` starts it. Time to the first byte is taken over one kept-alive connection, with the
compression that browsers ask for; weight, first contentful paint and long tasks by headless Chromium. A peer's list of
as many monitors takes 4 to 6 seconds and 7 MB (Uptime Kuma, as its own issue tracker has it).
"""

import argparse
import http.client
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from playwright.sync_api import Browser, Page, sync_playwright

from bench._report import finish, percentile
from bench.history import folder
from config.stack.ports import free_port
from config.stack.postgres import Postgres
from tests.rigs.browser import CHROMIUM, FLAGS, sign_in
from tests.rigs.person import Person
from tests.rigs.stack import PROJECT, Stack

ROUNDS = 200
WARM_UP = 20
RESULTS_PER_SECOND = 100
SECONDS = 15

WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
  }).observe({ type: "longtask" });
}"""
CHECKED = "() => [...document.querySelectorAll('.c-checked a')].map(({ href }) => href)"
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"

parser = argparse.ArgumentParser(prog="python -m bench pages")
parser.add_argument("--rows", type=int, default=10_000_000)
parser.add_argument("--connections", type=int, default=1000)
parser.add_argument(
    "--keep",
    type=Path,
    help="a folder in which the cluster of this size stays, as in `bench history`, so that the next run finds its rows",
)


def main() -> None:
    options = parser.parse_args(sys.argv[2:])
    with running(options.keep and options.keep / str(options.rows)) as (stack, environ):
        fill(environ, options.rows, options.connections)
        asked = deed(environ, "statements")
        first_bytes = waited(Person(stack), "/")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            loads = loaded(browser, stack)
            flow = drawn(browser, stack, environ)
            browser.close()
    p95 = percentile(first_bytes, 0.95)
    print(f"first byte             median {statistics.median(first_bytes):7.1f} ms   p95 {p95:7.1f} ms")
    for one in asked:
        print(f"statements             {one['statements']} for {one['rows']} rows")
    for name, (kilobytes, paint) in loads.items():
        print(f"{name:<22} {kilobytes:7.1f} kB   first contentful paint {paint:7.1f} ms")
    print(
        f"longest task           {flow.longest:7.1f} ms, {flow.changed} of {flow.rows} rows changed by "
        f"{flow.rate:.0f} results a second; the map was fetched {flow.map_fetches} times"
    )
    finish(
        name="pages",
        figure=round(p95, 1),
        unit="ms",
        ttfb_p95_ms=round(p95, 1),
        rows=options.rows,
        connections=options.connections,
        statements={one["rows"]: one["statements"] for one in asked},
        kilobytes={name: round(kilobytes, 1) for name, (kilobytes, _) in loads.items()},
        first_contentful_paint_ms={name: round(paint, 1) for name, (_, paint) in loads.items()},
        longest_task_ms=round(flow.longest, 1),
        results_per_second=round(flow.rate, 1),
        rows_changed=flow.changed,
        map_fetches=flow.map_fetches,
    )


@contextmanager
def running(keep: Path | None) -> Iterator[tuple[Stack, dict[str, str]]]:
    """A stack on a cluster that may be kept, and the environment of a process that belongs to it."""
    with nullcontext(keep) if keep else folder() as data, Postgres(data / "postgres", free_port()) as server:
        own = {
            "DATABASE_URL": server.url(),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "MERIDIAN_VAULT_KEYS": Fernet.generate_key().decode(),
        }
        with Stack(None, **own) as stack:
            own |= {"REDIS_URL": stack.state()["redis_url"], "DJANGO_SETTINGS_MODULE": "config.settings"}
            yield stack, os.environ | own


def fill(environ: dict[str, str], rows: int, connections: int) -> None:
    """What is there already stays."""
    if deed(environ, "count") < rows // 2:
        words = ["history", "generate", "--rows", str(rows), "--connections", str(connections), "--force"]
        subprocess.run(
            [sys.executable, "manage.py", *words], cwd=PROJECT, env=environ, check=True, stdout=sys.stderr
        )
    deed(environ, "settle")


def deed(environ: dict[str, str], *words: str) -> Any:
    """What `bench._pages` answers."""
    done = subprocess.run(
        [sys.executable, "-m", "bench._pages", *words],
        cwd=PROJECT,
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def waited(person: Person, path: str) -> list[float]:
    """Milliseconds until the first byte of each answer."""
    address = urlsplit(person.stack.url)
    line = http.client.HTTPConnection(str(address.hostname), address.port)
    headers = {
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in person.jar),
        "Accept-Encoding": "gzip",
    }
    found = []
    for number in range(WARM_UP + ROUNDS):
        began = time.perf_counter()
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        taken = (time.perf_counter() - began) * 1000
        answer.read()
        assert answer.status == 200
        if number >= WARM_UP:
            found.append(taken)
    return found


def loaded(browser: Browser, stack: Stack) -> dict[str, tuple[float, float]]:
    """Kilobytes over the wire and milliseconds to the first paint with content, with an empty cache and then a full one."""
    first = browser.new_context()
    sign_in(first.new_page(), stack)
    state = first.storage_state()
    first.close()
    context = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    found = {name: _load(page, stack) for name in ("first load", "load after that")}
    context.close()
    return found


def _load(page: Page, stack: Stack) -> tuple[float, float]:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda loading: sizes.append(loading["encodedDataLength"]))
    page.goto(stack.url, wait_until="networkidle")
    paint = float(page.evaluate(PAINT))
    session.detach()
    return sum(sizes) / 1000, paint


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What a page did while results came in: its longest task in milliseconds, and how many of its rows changed."""

    longest: float
    rate: float
    rows: int
    changed: int
    map_fetches: int


def drawn(browser: Browser, stack: Stack, environ: dict[str, str]) -> Flow:
    """A page with a thousand rows under results that really arrive; nothing that draws nothing counts as smooth."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    sign_in(page, stack)
    page.goto(f"{stack.url}/?show=1000", wait_until="networkidle")
    page.wait_for_timeout(2_000)
    before = page.evaluate(CHECKED)
    fetches: list[str] = []
    page.on("request", lambda request: fetches.append(request.url) if "/map/places/" in request.url else None)
    page.evaluate(WATCH)
    done = deed(environ, "results", str(RESULTS_PER_SECOND), str(SECONDS))
    page.wait_for_timeout(2_000)
    flow = Flow(
        longest=page.evaluate("() => window.longest"),
        rate=done["results"] / done["seconds"],
        rows=len(before),
        changed=len(set(before) - set(page.evaluate(CHECKED))),
        map_fetches=len(fetches),
    )
    page.close()
    assert flow.changed >= flow.rows // 2, f"only {flow.changed} of {flow.rows} rows changed"
    return flow
