"""Hostile servers of every sort at once: each probe ends in time, its process stays small, and its neighbours succeed."""

import asyncio
import contextlib
import json
import ssl
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import uvloop

from tests.probes.engine.conftest import at, endpoint_of
from tests.rigs import hostile
from tests.rigs.certificates import Authority
from tests.rigs.hostile import READY, WELCOME, answers, auth, error, floods, message, notice, parameter, scram

PROJECT = Path(__file__).parents[4]
KINDS = ("connection", "latency", "load", "health")
MOST_MB = 512
MOST_LATE = 2.0
GOOD = 5

BIG = b"x" * 10_000_000
ROW = message(b"D", b"\0\1\0\0\0\1x")

PLAIN = {
    "silent": hostile.silent,
    "a byte at a time": hostile.dribbles(60),
    "drops": hostile.drops,
    "an oversized parameter": answers(auth(0) + b"S\x7f\xff\xff\xff" + BIG),
    "an oversized challenge": answers(b"R\0\xff\xff\xff" + BIG),
    "an oversized row": answers(WELCOME, b"D\x7f\xff\xff\xff" + BIG),
    "notices at sign-in": floods(auth(0), notice(b"n" * 200)),
    "parameters at sign-in": floods(auth(0), parameter("a", "b" * 200)),
    "notices in the query": floods(WELCOME, notice(b"n" * 200)),
    "parameters in the query": floods(WELCOME, parameter("a", "b" * 200)),
    "rows": floods(WELCOME, ROW),
    "copied rows": floods(WELCOME + message(b"H", b"\0\0\0"), message(b"d", b"{}\n" * 100)),
    "an absurd SCRAM cost": scram("2147483647"),
    "the dearest SCRAM that is allowed": scram("600000"),
    "clear text": answers(auth(3)),
    "invalid UTF-8": answers(error("28P01", b"\xff\xfe\xc0\x80" * 100)),
    "invalid UTF-8 in the query": answers(WELCOME, *[error("XX000", b"\xff\xfe", b"ERROR") + READY] * 50),
    "an error of 10 MB": answers(error("XX000", BIG)),
    "an error of 10 MB in the query": answers(WELCOME, error("XX000", BIG)),
}
AT_TLS = {
    "hangs in TLS": hostile.hangs_in_tls,
    "breaks TLS": hostile.breaks_tls,
    "silent at TLS": hostile.silent,
}


def showing(authority: Authority, names: int, folder: Path) -> hostile.Behaviour:
    """Signs in under a certificate with that many names, and then sends rows for ever."""
    pair = authority.issue("huge", hosts=[f"host-{number}.example.org" for number in range(names)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = folder / f"{names}.pem"
    file.write_text(pair.certificate + pair.key)
    context.load_cert_chain(file)
    return hostile.encrypts(context, WELCOME, ROW * 100_000)


async def witnessed(kind: str, targets: dict[str, dict]) -> dict:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.rigs.witness"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=PROJECT,
    )
    try:
        orders = json.dumps({"kind": kind, "targets": targets}).encode()
        async with asyncio.timeout(60):
            told, _ = await process.communicate(orders)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return json.loads(told)


async def battery(kind: str, good: dict, tls: dict[str, hostile.Behaviour]) -> dict:
    """What a process tells that probed every hostile server and a few good ones at once."""
    async with contextlib.AsyncExitStack() as stack:
        targets = {f"good {number}": good for number in range(GOOD)}
        for behaviours, sslmode in ((PLAIN, "disable"), (tls, "require")):
            for name, behaviour in behaviours.items():
                port = await stack.enter_async_context(hostile.serve(behaviour))
                targets[name] = asdict(at(port, sslmode=sslmode, connect_timeout=1.0))
        found = await witnessed(kind, targets)
    assert set(found["told"]) == set(targets)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_battery_beside_good_servers(unencrypted, authority, tmp_path, kind):
    tls = {
        **AT_TLS,
        "a huge certificate": showing(authority, 3000, tmp_path),
        "a certificate beyond TLS": showing(authority, 8000, tmp_path),
    }

    found = uvloop.run(battery(kind, asdict(endpoint_of(unencrypted, connect_timeout=10)), tls))

    told, peak = found["told"], found["peak_mb"]
    print(f"{kind}: {peak} MB, at most {max(one['late'] for one in told.values()):.2f} s past the deadline")
    assert peak < MOST_MB
    assert {name: one["late"] for name, one in told.items() if one["late"] > MOST_LATE} == {}
    for name, one in told.items():
        if name.startswith("good"):
            assert one["code"] == "", (name, one)
        else:
            assert one["code"] not in ("", "internal_error"), (name, one)
            assert one["message"].isprintable()
            assert 0 < len(one["message"]) <= 500
