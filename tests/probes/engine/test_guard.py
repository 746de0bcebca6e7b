"""The guard reads the same conversation the same way, however the network cuts it up."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probes.engine.errors import ProbeError
from probes.engine.framing import MessageReader, error_fields
from probes.engine.guard import Guard, Limits
from probes.engine.signin import SignIn
from tests.rigs.hostile import READY, SELECTED, WELCOME, auth, error, message, notice

CONVERSATIONS = {
    "works": WELCOME + SELECTED + notice() + SELECTED,
    "rejects": auth(10, b"SCRAM-SHA-256\0\0") + error("28P01", b"wrong"),
    "violates": auth(0) + message(b"D", b"x" * 50) + READY,
    "lies about a length": auth(0) + b"S\0\0\0\x01" + READY,
    "is no database": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


class Recorder(asyncio.Protocol):
    """Stands in for the driver: keeps what the guard lets through."""

    def __init__(self) -> None:
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data


def converse(chunks: list[bytes]) -> tuple[bytes, str, bool]:
    """What reached the driver, the verdict, and whether the connection was dropped."""

    async def run() -> tuple[bytes, str, bool]:
        dropped: list[bool] = []
        guard, driver = Guard(Limits()), Recorder()
        guard.connection_made(SimpleNamespace(abort=lambda: dropped.append(True)))  # type: ignore[arg-type]
        guard.attach(driver, encrypted=False, account="ada")
        for chunk in chunks:
            if not dropped:
                guard.data_received(chunk)
        guard.connection_lost(None)
        return driver.received, guard.explain(ConnectionResetError(), "auth").code, bool(dropped)

    return asyncio.run(run())


@st.composite
def cut(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    name = draw(st.sampled_from(sorted(CONVERSATIONS)))
    data = CONVERSATIONS[name]
    places = sorted(draw(st.sets(st.integers(1, len(data) - 1), max_size=30)))
    return name, [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut())
def test_the_verdict_does_not_depend_on_the_chunks(case):
    name, chunks = case
    whole = CONVERSATIONS[name]

    received, verdict, dropped = converse(chunks)
    _, verdict_at_once, dropped_at_once = converse([whole])

    assert (verdict, dropped) == (verdict_at_once, dropped_at_once)
    assert whole.startswith(received)
    if name == "works":
        assert received == whole


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=20))
def test_random_bytes_never_break_the_guard(chunks):
    converse([chunk for chunk in chunks if chunk])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(b"RESDZ"), st.binary(max_size=30)), max_size=10),
    st.integers(min_value=1, max_value=9),
)
def test_the_reader_gives_back_what_was_framed(messages, size):
    data = b"".join(message(bytes([kind]), body) for kind, body in messages)
    reader = MessageReader(lambda kind, length: None, keep=b"RESDZ")

    found = [pair for at in range(0, len(data), size) for pair in reader.feed(data[at : at + size])]

    assert found == messages


@given(st.binary(max_size=200))
def test_any_bytes_make_error_fields(body):
    assert all(isinstance(value, str) for value in error_fields(body).values())


@pytest.mark.parametrize("iterations", [b"4096", b"600000"])
def test_a_sensible_scram_cost_is_accepted(iterations):
    sign_in = SignIn(encrypted=False, max_iterations=Limits().scram_iterations)
    sign_in.check(b"\0\0\0\x0aSCRAM-SHA-256\0\0")

    sign_in.check(b"\0\0\0\x0br=abc,s=c2FsdA==,i=" + iterations)


@pytest.mark.parametrize("iterations", [b"600001", b"9999999999999"])
def test_an_absurd_scram_cost_is_refused(iterations):
    sign_in = SignIn(encrypted=False, max_iterations=Limits().scram_iterations)
    sign_in.check(b"\0\0\0\x0aSCRAM-SHA-256\0\0")

    with pytest.raises(ProbeError, match="scram_cost"):
        sign_in.check(b"\0\0\0\x0br=abc,s=c2FsdA==,i=" + iterations)


def test_a_clear_text_password_is_fine_under_tls():
    SignIn(encrypted=True, max_iterations=1).check(b"\0\0\0\x03")
