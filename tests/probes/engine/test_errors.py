"""Every code has its hint, and no original text is lost or dangerous."""

import errno
import ssl

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.engine import causes
from probes.engine.causes import error_from, failure_from
from probes.engine.errors import HINTS, TIMEOUTS, ProbeError, clean


def test_every_code_that_a_table_gives_has_a_hint():
    codes = {cause.code for cause in causes.SERVER_CAUSES} | set(TIMEOUTS.values())
    for table in (causes.TCP_CAUSES, causes.CERTIFICATE_CAUSES, causes.DNS_CAUSES):
        codes |= set(table.values())

    assert codes <= set(HINTS)


@pytest.mark.parametrize("code", HINTS)
def test_a_hint_says_what_happened_and_what_to_do(code):
    hint = HINTS[code]

    assert hint.endswith(".")
    assert len(hint) < 250


@pytest.mark.parametrize(
    ("exc", "phase", "code"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "tcp", "tcp_refused"),
        (OSError(errno.EHOSTUNREACH, "x"), "tcp", "tcp_unreachable"),
        (OSError(errno.ENETUNREACH, "x"), "tcp", "tcp_unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "tcp", "tcp_reset"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "auth", "connection_lost"),
        (TimeoutError(errno.ETIMEDOUT, "x"), "tcp", "tcp_timeout"),
        (TimeoutError(), "tls", "tls_timeout"),
        (OSError(errno.EMFILE, "x"), "tcp", "client_exhausted"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "tls", "tls_failed"),
        (asyncpg.InterfaceError("connection is closed"), "query", "connection_lost"),
        (asyncpg.QueryCanceledError("canceling statement"), "query", "query_timeout"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "auth", "protocol_violation"),
    ],
)
def test_an_exception_gets_its_code(exc, phase, code):
    failure = failure_from(exc, phase)

    assert failure.code == code
    assert failure.hint == HINTS[code]
    assert failure.message


def test_a_probe_error_stays_what_it_is():
    error = ProbeError("scram_cost", "auth", "too many")

    assert error_from(error, "query") is error


@given(st.text() | st.binary(max_size=3000))
def test_cleaned_text_is_short_valid_and_without_control_characters(text):
    cleaned = clean(text)

    assert len(cleaned) <= 500
    cleaned.encode("utf-8")
    assert not any(character < " " or character == "\x7f" for character in cleaned)


@pytest.mark.parametrize("mark", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_server_cannot_turn_the_direction_of_our_own_words(mark):
    said = f"drowssap {mark}gnorw"

    assert clean(said) == clean(said.encode()) == "drowssap \ufffdgnorw"
    assert ProbeError("server_error", "auth", said).failure.message == "drowssap \ufffdgnorw"


def test_text_in_any_script_is_kept_as_it_was_said():
    assert clean("خطأ: שגיאה 🔑 é") == "خطأ: שגיאה 🔑 é"


def test_long_text_says_that_it_was_cut():
    assert clean("x" * 1000) == "x" * 499 + "…"
