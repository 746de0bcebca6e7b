"""A check that fails is unknown, with its reason, and takes nothing else with it; one deadline holds for all."""

import asyncio
import itertools
import time

import psycopg
import pytest

from probes.engine.health.catalogue import CHECKS
from tests.probes.engine.health.conftest import STRANGER, WATCHER, checks_of, examined
from tests.rigs import hostile, stalling
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD

ALL = ["pooler", *(check.key for check in CHECKS)]


async def test_a_right_that_was_taken_away_costs_one_check(patient, own_database):
    patient.sql("REVOKE SELECT ON pg_catalog.pg_stat_database FROM public", database=own_database)
    checks = checks_of(await examined(patient.port, STRANGER, database=own_database))

    assert list(checks) == ALL
    for key in ("cache_hits", "temp_files"):
        assert checks[key]["verdict"] == "unknown"
        assert "permission denied for view pg_stat_database" in checks[key]["hint"]
        assert checks[key]["needs"] == 'GRANT pg_monitor TO "stranger";'
    assert (
        checks["database_size"]["verdict"] == checks["settings"]["verdict"].replace("act", "good") == "good"
    )


async def test_a_lock_costs_one_check_and_is_not_waited_for_long(patient):
    with psycopg.connect(
        host="127.0.0.1", port=patient.port, user=SUPERUSER, password=SUPERUSER_PASSWORD, dbname="postgres"
    ) as holder:
        holder.execute("LOCK TABLE pg_stat_statements IN ACCESS EXCLUSIVE MODE")
        checks = checks_of(await examined(patient.port, WATCHER))

    assert checks["statements"]["verdict"] == "unknown"
    assert "lock" in checks["statements"]["hint"]
    assert [key for key, check in checks.items() if "lock_timeout" in check["hint"]] == []
    assert {checks[key]["verdict"] for key in ALL[5:]} <= {"good", "watch", "act"}


@pytest.mark.parametrize("cut", [False, True], ids=["silent", "cut"])
async def test_a_server_lost_in_the_middle_of_a_check_keeps_what_was_found(patient, cut):
    began = time.monotonic()
    async with stalling.silent_at(patient.port, b"meridian health: wraparound", cut=cut) as port:
        outcome = await examined(port, WATCHER, seconds=1.5)

    checks = checks_of(outcome)
    assert list(checks) == ALL
    assert checks["blocked"]["verdict"] == "good"
    lost = ALL[ALL.index("wraparound") :]
    assert {checks[key]["verdict"] for key in lost} == {"unknown"}
    reason = "connection_lost" if cut else "query_timeout"
    assert all(reason in checks[key]["hint"] for key in lost)
    assert time.monotonic() - began < 1.5 + 2.5


@pytest.mark.parametrize("word", [b"BEGIN", b"meridian health: facts", b"meridian health: cache_hits"])
async def test_a_server_lost_before_the_core_checks_are_through_has_failed(patient, word):
    async with stalling.silent_at(patient.port, word) as port:
        outcome = await examined(port, WATCHER, seconds=1.0)

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("query_timeout", "query")
    assert outcome.timings.auth is not None


async def test_a_session_ended_by_the_administrator_says_so(patient):
    async def terminate() -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(
            patient.sql,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'meridian/%'",
        )

    with psycopg.connect(
        host="127.0.0.1", port=patient.port, user=SUPERUSER, password=SUPERUSER_PASSWORD, dbname="postgres"
    ) as holder:
        holder.execute("LOCK TABLE pg_stat_statements IN ACCESS EXCLUSIVE MODE")
        ended = asyncio.create_task(terminate())
        checks = checks_of(await examined(patient.port, WATCHER))
        await ended

    assert "57P01" in checks["settings"]["hint"]
    assert checks["database_size"]["verdict"] == "good"


async def test_who_cannot_connect_gets_the_reason_of_the_connection_probe(patient):
    outcome = await examined(patient.port, WATCHER, password="wrong")

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("auth_failed", "auth")
    assert outcome.detail == {"checks": [], "figures": {}, "planned": len(CHECKS)}


COPY_OUT = hostile.message(b"H", b"\0\0\0")
COPY_DONE = hostile.message(b"c") + hostile.message(b"C", b"COPY 1\0") + hostile.READY
BEGUN = hostile.message(b"C", b"BEGIN\0") + hostile.READY


def copied(text: bytes) -> bytes:
    return COPY_OUT + hostile.message(b"d", text) + COPY_DONE


def repeats(*opening: bytes, reply: bytes) -> hostile.Behaviour:
    """Says each of ``opening`` and then ``reply`` again and again, one to each request, until the client leaves."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hostile.startup(reader, writer)
        for answer in itertools.chain(opening, itertools.repeat(reply)):
            writer.write(answer)
            await writer.drain()
            if (await hostile.request(reader))[0] == b"X":
                return

    return behave


FACTS = copied(b'{"version": 170004, "replica": false, "pid": 4321, "user_name": "u", "sees_all": true}\n')

NONSENSE = {
    "no JSON": copied(b"nonsense\n"),
    "deep JSON": copied(b"[" * 200_000 + b"\n"),
    "a list": copied(b"[1, 2]\n"),
    "another kind of value": copied(b'{"sessions": "many", "max_connections": [], "hits": {}, "state": 7}\n'),
    "absurd numbers": copied(
        b'{"sessions": 1e308, "max_connections": 99999999999999999999999999, "reserved": -Infinity, "hits": NaN,'
        b' "seconds": 1e400, "xid_age": -5, "bytes": 1e-320}\n'
    ),
    "a number of many digits": copied(b'{"sessions": ' + b"9" * 100_000 + b"}\n"),
    "invalid UTF-8": copied(b'{"state": "\xff\xfe", "sessions": 1, "max_connections": 100}\n'),
    "nulls and surrogates": copied(
        b'{"state": "\\\\ud800\\\\u0000", "name": "\\\\ud800", "table_name": "\\\\u0000"}\n'
    ),
    "nothing": copied(b""),
    "ten thousand rows": copied(b'{"state": "x", "sessions": 1}\n' * 10_000),
    "half a megabyte": copied(b'{"state": "' + b"x" * 500_000 + b'"}\n'),
    "an error without a text": hostile.message(b"E", b"\0") + hostile.READY,
    "a broken error": hostile.message(b"E", b"Sx") + hostile.READY,
    "rows instead of a copy": hostile.SELECTED,
    "an empty answer": hostile.READY,
    "a copy that wants data": hostile.message(b"G", b"\0\0\0") + hostile.READY,
}


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
async def test_a_server_that_answers_nonsense_is_unknown_and_breaks_nothing(reply):
    async with hostile.serve(repeats(hostile.WELCOME, BEGUN, FACTS, reply=reply)) as port:
        outcome = await examined(port, "anybody", seconds=1.0)

    assert outcome.failure is None or outcome.failure.phase == "query"
    assert outcome.failure is None or outcome.failure.code != "internal_error"
    assert len(str(outcome.as_dict())) < 100_000


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
async def test_a_server_that_does_not_describe_itself_has_failed(reply):
    async with hostile.serve(repeats(hostile.WELCOME, BEGUN, reply=reply)) as port:
        outcome = await examined(port, "anybody", seconds=1.0)

    assert outcome.failure is not None
    assert outcome.failure.phase == "query"


async def test_a_flood_of_rows_is_cut_off():
    flood = hostile.floods(hostile.WELCOME + BEGUN + COPY_OUT, hostile.message(b"d", b'{"a": 1}\n'))
    async with hostile.serve(flood) as port:
        outcome = await examined(port, "anybody", seconds=2.0)

    assert outcome.failure is not None
    assert outcome.failure.code == "protocol_violation"


async def test_a_server_older_than_any_check_says_so():
    old = FACTS.replace(b"170004", b"120022")
    async with hostile.serve(repeats(hostile.WELCOME, BEGUN, old, reply=BEGUN)) as port:
        outcome = await examined(port, "anybody", seconds=2.0)

    hints = {check["hint"] for check in outcome.detail["checks"][1:]}
    assert outcome.ok
    assert hints == {"PostgreSQL 12 is older than this check knows: 13 and later."}
