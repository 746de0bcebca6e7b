"""Whatever a server does, the probe ends in time with a code of its own and leaves nothing open."""

import asyncio
import time

import pytest

from probes.engine.connection import probe_connection
from probes.engine.endpoint import Endpoint
from probes.engine.outcome import Outcome
from tests.probes.engine.conftest import at
from tests.rigs import hostile
from tests.rigs.hostile import (
    READY,
    WELCOME,
    answers,
    auth,
    dribbles,
    error,
    floods,
    message,
    scram,
)
from tests.rigs.postgres import free_port

BIG = b"x" * 10_000_000

CASES = [
    # name, what the server does, TLS mode, code, phase
    ("silent", hostile.silent, "disable", "auth_timeout", "auth"),
    ("silent at TLS", hostile.silent, "require", "tls_timeout", "tls"),
    ("drops at once", hostile.drops, "disable", "connection_lost", "auth"),
    ("drops at TLS", hostile.drops, "require", "connection_lost", "tls"),
    ("drops after startup", hostile.drops_after_startup, "disable", "connection_lost", "auth"),
    ("speaks HTTP", hostile.http, "disable", "not_postgres", "auth"),
    ("speaks HTTP at TLS", hostile.http, "require", "not_postgres", "tls"),
    ("speaks HTTP, preferring TLS", hostile.http, "prefer", "not_postgres", "auth"),
    ("speaks SSH", hostile.ssh, "disable", "not_postgres", "auth"),
    ("speaks SSH at TLS", hostile.ssh, "require", "not_postgres", "tls"),
    ("garbage", answers(bytes(range(256)) * 40), "disable", "not_postgres", "auth"),
    ("text that begins like an error", answers(b"Error: go away\n"), "disable", "not_postgres", "auth"),
    ("hangs in TLS", hostile.hangs_in_tls, "require", "tls_timeout", "tls"),
    ("breaks TLS", hostile.breaks_tls, "require", "tls_failed", "tls"),
    ("stuffs the buffer", hostile.stuffs_the_buffer, "require", "protocol_violation", "tls"),
    ("an error instead of TLS", hostile.errors_at_tls, "require", "tls_failed", "tls"),
    ("an oversized message", answers(auth(0) + b"S\x7f\xff\xff\xff"), "disable", "protocol_violation", "auth"),
    ("a negative length", answers(auth(0) + b"S\xff\xff\xff\xff"), "disable", "protocol_violation", "auth"),
    ("a length of nothing", answers(auth(0) + b"S\0\0\0\0"), "disable", "protocol_violation", "auth"),
    ("a two-gibibyte challenge", answers(b"R\x7f\xff\xff\xff"), "disable", "not_postgres", "auth"),
    ("a long challenge", answers(b"R\0\xff\xff\xff" + BIG), "disable", "protocol_violation", "auth"),
    ("no sign-in at all", answers(READY), "disable", "not_postgres", "auth"),
    ("a short request", answers(message(b"R", b"\0")), "disable", "protocol_violation", "auth"),
    ("an error of 10 MB", answers(error("XX000", BIG)), "disable", "protocol_violation", "auth"),
    ("a query error of 10 MB", answers(WELCOME, error("XX000", BIG)), "disable", "protocol_violation", "query"),
    ("floods notices", floods(auth(0), hostile.notice()), "disable", "protocol_violation", "auth"),
    ("floods parameters", floods(auth(0), hostile.parameter("a", "b")), "disable", "protocol_violation", "auth"),
    ("floods rows", answers(WELCOME, message(b"D", b"\0\0") * 900_000), "disable", "protocol_violation", "query"),
    ("absurd SCRAM cost", scram("2147483647"), "disable", "scram_cost", "auth"),
    ("endless SCRAM cost", scram("9" * 6000), "disable", "scram_cost", "auth"),
    ("two SCRAM costs", scram("4096,i=99999999"), "disable", "scram_cost", "auth"),
    ("SCRAM without proof", scram("4096"), "disable", "protocol_violation", "auth"),
    ("SCRAM again and again", answers(auth(10, b"SCRAM-SHA-256\0\0") * 2), "disable", "protocol_violation", "auth"),
    ("a challenge out of the blue", answers(auth(11, b"r=x,s=y,i=1")), "disable", "protocol_violation", "auth"),
    ("clear-text password", answers(auth(3)), "disable", "cleartext_password_refused", "auth"),
    ("GSSAPI", answers(auth(7)), "disable", "auth_method_unsupported", "auth"),
    ("SSPI", answers(auth(9)), "disable", "auth_method_unsupported", "auth"),
    ("an unknown method", answers(auth(77)), "disable", "auth_method_unsupported", "auth"),
    ("only OAuth", answers(auth(10, b"OAUTHBEARER\0\0")), "disable", "auth_method_unsupported", "auth"),
    ("never answers the query", answers(WELCOME), "disable", "query_timeout", "query"),
    ("hangs after sign-in", answers(auth(0)), "disable", "auth_timeout", "auth"),
    ("no version", answers(auth(0) + READY), "disable", "protocol_violation", "auth"),
    ("a parameter that is not UTF-8", answers(auth(0) + message(b"S", b"a\0\xff\xfe\0") + READY), "disable",
     "protocol_violation", "auth"),
    ("rows before sign-in", answers(auth(0) + message(b"D")), "disable", "protocol_violation", "auth"),
    ("an error of the query", answers(WELCOME, error("42P01", b"no", b"ERROR") + READY), "disable",
     "query_failed", "query"),
    ("killed in the query", answers(WELCOME, error("57P01", b"terminating connection")), "disable",
     "shutting_down", "query"),
    ("a pooler's own words", answers(error("08P01", b"no such database: x")), "disable",
     "no_such_database", "auth"),
    ("a pooler that is full", answers(error("08P01", b"no more connections allowed (max_client_conn)")),
     "disable", "too_many_connections", "auth"),
    ("starting up", answers(error("57P03", b"the database system is starting up")), "disable",
     "starting_up", "auth"),
    ("an error nobody knows", answers(error("ZZ999", b"strange things")), "disable", "server_error", "auth"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "sslmode", "code", "phase"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_a_hostile_server_gets_its_own_code_in_time(behaviour, sslmode, code, phase):
    async with hostile.serve(behaviour) as port:
        outcome = await in_time(at(port, sslmode=sslmode, connect_timeout=0.7))

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == (code, phase)
    assert len(outcome.failure.message) <= 500


async def test_a_closed_port_is_refused():
    outcome = await in_time(at(free_port()))

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("tcp_refused", "tcp")


async def test_a_full_backlog_times_out_in_tcp():
    loop = asyncio.get_running_loop()
    with hostile.deaf() as port:
        outcome = await in_time(at(port, connect_timeout=0.5))

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("tcp_timeout", "tcp")
    assert loop.is_running()


async def test_a_server_that_sends_one_byte_at_a_time_is_understood():
    async with hostile.serve(dribbles(0)) as port:
        outcome = await in_time(at(port))

    assert outcome.failure is None
    assert outcome.server.version == "17.4"
    assert outcome.server.backend_pid == 4321


async def test_one_deadline_covers_everything_that_drips():
    async with hostile.serve(dribbles(0.6)) as port:
        outcome = await in_time(at(port, connect_timeout=0.9))

    # Neither phase took as long as the deadline.
    assert outcome.failure is not None
    assert outcome.failure.code == "query_timeout"


async def test_a_message_in_another_encoding_is_kept_readable():
    german = "Passwort-Authentifizierung für »ada« fehlgeschlagen".encode("latin-1")
    async with hostile.serve(answers(error("28P01", german))) as port:
        outcome = await in_time(at(port))

    assert outcome.failure is not None
    assert outcome.failure.code == "auth_failed"
    assert outcome.failure.message.startswith("Passwort-Authentifizierung f\N{REPLACEMENT CHARACTER}r")


async def test_control_characters_do_not_reach_the_history():
    async with hostile.serve(answers(error("XX000", b"a\x1b[31mred\r\nb\x07" + b"y" * 5000))) as port:
        outcome = await in_time(at(port))

    assert outcome.failure is not None
    assert outcome.failure.message.isprintable()
    assert len(outcome.failure.message) <= 500


async def test_a_slow_query_is_cancelled_at_the_same_address():
    cancelled = asyncio.Event()

    async def behave(reader, writer):
        head = await reader.readexactly(8)
        if head == b"\0\0\0\x10\x04\xd2\x16\x2e":
            assert await reader.readexactly(8) == hostile.KEY[5:]
            cancelled.set()
            return
        await reader.readexactly(int.from_bytes(head[:4], "big") - 8)
        writer.write(WELCOME)
        await hostile.forever()

    async with hostile.serve(behave) as port:
        outcome = await in_time(at(port, connect_timeout=0.5))
        await asyncio.wait_for(cancelled.wait(), 2)

    assert outcome.failure is not None
    assert outcome.failure.code == "query_timeout"


async def in_time(endpoint: Endpoint) -> Outcome:
    began = time.monotonic()
    outcome = await probe_connection(endpoint)
    assert time.monotonic() - began < endpoint.connect_timeout + 2
    return outcome
