"""What SCRAM derives from a password is derived once for an account, is right, and does not count as the server's time."""

import hashlib
import time
from collections.abc import Callable

import pytest
from asyncpg.protocol import protocol as driver
from hypothesis import given
from hypothesis import strategies as st

from probes.engine import scram
from probes.engine.connection import probe_connection
from probes.engine.scram import SaltedPasswords, give_keys
from tests.probes.engine.conftest import PASSWORD, endpoint_of

FACTS = st.tuples(st.sampled_from(["sha256", "sha1"]), st.binary(), st.binary(), st.integers(1, 3))


@pytest.fixture
def derived(monkeypatch) -> list[bytes]:
    """The passwords of which a key is really derived, from now on; nothing is kept from before."""
    seen: list[bytes] = []
    derive = hashlib.pbkdf2_hmac

    def noted(hash_name: str, password: bytes, *others) -> bytes:
        seen.append(password)
        return derive(hash_name, password, *others)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", noted)
    monkeypatch.setattr(driver, "hashlib", driver.hashlib)
    monkeypatch.setattr(scram, "KEYS", SaltedPasswords())
    give_keys(driver, scram.KEYS)
    return seen


async def test_the_second_probe_of_a_database_derives_nothing(any_version, derived):
    for _ in range(3):
        outcome = await probe_connection(endpoint_of(any_version))
        assert outcome.failure is None
    assert derived == [PASSWORD.encode()]


async def test_another_account_with_the_same_password_and_salt_is_no_sooner_answered(idle, derived):
    idle.start()
    try:
        idle.sql(
            "CREATE ROLE one LOGIN PASSWORD 'pen'",
            "CREATE ROLE two LOGIN",
            "UPDATE pg_authid SET rolpassword = (SELECT rolpassword FROM pg_authid WHERE rolname = 'one') "
            "WHERE rolname = 'two'",
        )
        for user in ("one", "two", "one", "two"):
            assert (await probe_connection(endpoint_of(idle, user=user, password="pen"))).failure is None
        assert derived == [b"pen", b"pen"]
    finally:
        idle.sql("DROP ROLE one", "DROP ROLE two")
        idle.stop()


async def test_a_changed_password_counts_at_once(idle, derived):
    async def code_with(password: str) -> str:
        outcome = await probe_connection(endpoint_of(idle, user="changing", password=password))
        return outcome.failure.code if outcome.failure else "ok"

    idle.start()
    try:
        idle.sql("CREATE ROLE changing LOGIN PASSWORD 'brush'")
        assert [await code_with("brush"), await code_with("pen")] == ["ok", "auth_failed"]
        idle.sql("ALTER ROLE changing PASSWORD 'pen'")
        assert [await code_with("brush"), await code_with("pen")] == ["auth_failed", "ok"]
    finally:
        idle.sql("DROP ROLE changing")
        idle.stop()


async def test_what_we_derive_is_not_the_servers_time(unencrypted, monkeypatch):
    def slow(*what) -> bytes:
        time.sleep(1)
        return hashlib.pbkdf2_hmac(*what)

    monkeypatch.setattr(driver, "hashlib", driver.hashlib)
    passwords = SaltedPasswords()
    monkeypatch.setattr(passwords, "derive", slow)
    give_keys(driver, passwords)
    for password, code in [(PASSWORD, None), ("wrong", "auth_failed")]:
        outcome = await probe_connection(endpoint_of(unencrypted, password=password, connect_timeout=10))
        assert (outcome.failure and outcome.failure.code) == code
        assert (outcome.finished - outcome.started).total_seconds() >= 1
        assert 0 < outcome.timings.auth <= outcome.timings.total < 1000


@given(st.lists(FACTS, max_size=20))
def test_every_key_is_what_the_library_derives(asked):
    passwords = SaltedPasswords(most=3)
    for facts in [*asked, *reversed(asked)]:
        assert passwords.derive(*facts) == hashlib.pbkdf2_hmac(*facts)


def test_only_the_latest_are_kept(derived: list[bytes]):
    passwords = SaltedPasswords(most=2)
    ask: Callable[[bytes], bytes] = lambda password: passwords.derive("sha256", password, b"salt", 1)  # noqa: E731
    for password in (b"a", b"b", b"a", b"c", b"a", b"b"):
        ask(password)
    assert derived == [b"a", b"b", b"c", b"b"]


def test_what_only_runs_together_the_same_is_not_the_same():
    passwords = SaltedPasswords()
    assert passwords.derive("sha256", b"ab", b"c", 1) != passwords.derive("sha256", b"a", b"bc", 1)


def test_who_reads_one_memory_finds_nothing_in_another():
    one, another = SaltedPasswords(), SaltedPasswords()
    assert one.derive("sha256", b"pencil", b"grain", 1) == another.derive("sha256", b"pencil", b"grain", 1)
    assert not vars(one)["_kept"].keys() & vars(another)["_kept"].keys()


def test_no_password_is_kept():
    passwords = SaltedPasswords()
    passwords.derive("sha256", b"pencil", b"grain", 1)
    kept = repr(vars(passwords))
    assert "grain" not in kept
    assert "pencil" not in kept
