"""The six TLS modes mean what they mean in libpq, against real servers with and without TLS."""

import asyncio
import datetime
import ssl
import tempfile
import time
from collections import OrderedDict
from pathlib import Path

import pytest

from probes.engine import tls
from probes.engine.connection import probe_connection
from probes.engine.outcome import Outcome
from probes.engine.resolve import Resolver
from tests.probes.engine.conftest import at, endpoint_of, superuser_of, tls_settings
from tests.rigs import hostile
from tests.rigs.certificates import Authority, Pair
from tests.rigs.dns import name_server
from tests.rigs.postgres import running

DAY = datetime.timedelta(days=1)


def code(outcome: Outcome) -> str:
    return outcome.failure.code if outcome.failure else ""


def phase(outcome: Outcome) -> str:
    return outcome.failure.phase if outcome.failure else ""


@pytest.mark.parametrize(
    ("mode", "uses_tls"),
    [("disable", False), ("allow", False), ("prefer", True), ("require", True)],
)
async def test_a_server_with_tls_is_reached_in_each_mode_that_checks_nothing(encrypted, mode, uses_tls):
    outcome = await probe_connection(endpoint_of(encrypted, sslmode=mode))

    assert outcome.failure is None
    assert bool(outcome.server.tls_version) is uses_tls


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_trusted_certificate_passes_by_name_and_by_address(encrypted, authority, mode, host):
    outcome = await probe_connection(
        endpoint_of(encrypted, host=host, sslmode=mode, sslrootcert=authority.certificate)
    )

    assert outcome.failure is None
    assert outcome.server.tls_version == "TLSv1.3"
    assert outcome.detail["certificate"]["verified"]


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
async def test_a_server_without_tls_is_reached_where_the_mode_allows_it(unencrypted, mode):
    outcome = await probe_connection(endpoint_of(unencrypted, sslmode=mode))

    assert outcome.failure is None
    assert outcome.server.tls_version == ""


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_server_without_tls_is_refused_where_the_mode_demands_it(unencrypted, mode):
    outcome = await probe_connection(endpoint_of(unencrypted, sslmode=mode))

    assert code(outcome) == "tls_refused"
    assert phase(outcome) == "tls"


async def test_disable_tells_that_the_server_wants_tls(encrypted):
    outcome = await probe_connection(endpoint_of(encrypted, user="encrypted", sslmode="disable"))

    assert code(outcome) == "tls_required"
    assert phase(outcome) == "auth"


async def test_allow_turns_to_tls_when_plain_text_is_rejected(encrypted):
    outcome = await probe_connection(endpoint_of(encrypted, user="encrypted", sslmode="allow"))

    assert outcome.failure is None
    assert outcome.server.tls_version


async def test_prefer_turns_to_plain_text_when_tls_is_rejected(encrypted):
    outcome = await probe_connection(endpoint_of(encrypted, user="unencrypted", sslmode="prefer"))

    assert outcome.failure is None
    assert outcome.server.tls_version == ""
    assert outcome.timings.tls is None


async def test_prefer_turns_to_plain_text_when_the_handshake_breaks():
    handshakes = 0

    async def breaks_once(reader, writer):
        nonlocal handshakes
        if handshakes == 0:
            handshakes += 1
            await hostile.breaks_tls(reader, writer)
        else:
            await hostile.answers(hostile.WELCOME, hostile.SELECTED)(reader, writer)

    async with hostile.serve(breaks_once) as port:
        outcome = await probe_connection(at(port, sslmode="prefer"))

    assert outcome.failure is None


async def test_prefer_does_not_repeat_a_wrong_password_in_plain_text(encrypted):
    outcome = await probe_connection(endpoint_of(encrypted, sslmode="prefer", password="wrong"))

    assert code(outcome) == "auth_failed"
    assert len(outcome.detail.get("attempts", [])) == 0


@pytest.mark.parametrize("mode", ["allow", "prefer"])
async def test_a_rejection_that_tls_cannot_cure_does_not_ask_for_tls(encrypted, unencrypted, mode):
    for cluster in (encrypted, unencrypted):
        outcome = await probe_connection(endpoint_of(cluster, user="banned", sslmode=mode))

        assert code(outcome) == "auth_rejected"


async def test_require_does_not_turn_to_plain_text(encrypted):
    outcome = await probe_connection(endpoint_of(encrypted, user="unencrypted", sslmode="require"))

    assert code(outcome) == "auth_rejected"


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_certificate_of_another_authority_is_refused(encrypted, mode):
    outcome = await probe_connection(
        endpoint_of(encrypted, sslmode=mode, sslrootcert=Authority("another").certificate)
    )

    assert code(outcome) == "tls_certificate_untrusted"
    assert phase(outcome) == "tls"


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
async def test_without_a_root_certificate_the_systems_roots_decide(encrypted, mode):
    outcome = await probe_connection(endpoint_of(encrypted, sslmode=mode))

    assert code(outcome) == "tls_certificate_untrusted"


@pytest.mark.parametrize(("mode", "expected"), [("verify-full", "tls_hostname_mismatch"), ("verify-ca", "")])
async def test_only_verify_full_minds_the_host_name(encrypted, authority, mode, expected):
    async with name_server({"other.test": ["127.0.0.1"]}) as address, Resolver([address]) as resolver:
        outcome = await probe_connection(
            endpoint_of(encrypted, host="other.test", sslmode=mode, sslrootcert=authority.certificate),
            resolver=resolver,
        )

    assert code(outcome) == expected


@pytest.mark.parametrize(
    ("begins", "ends", "hosts", "expected"),
    [
        (-10 * DAY, -DAY, ["127.0.0.1"], "tls_certificate_expired"),
        (DAY, 10 * DAY, ["127.0.0.1"], "tls_certificate_expired"),
        (-DAY, DAY, ["192.0.2.7"], "tls_hostname_mismatch"),
        (-DAY, DAY, ["127.0.0.1"], ""),
    ],
    ids=["expired", "not yet valid", "for another address", "good"],
)
async def test_a_servers_bad_certificate_is_named(idle, authority, begins, ends, hosts, expected):
    pair = authority.issue("server", hosts=hosts, begins=begins, ends=ends)
    with running(idle, tls_settings(idle, authority, pair)):
        outcome = await probe_connection(
            superuser_of(idle, sslmode="verify-full", sslrootcert=authority.certificate)
        )

    assert code(outcome) == expected


async def test_a_client_certificate_signs_in(encrypted, authority):
    mine = authority.issue("certified")

    outcome = await probe_connection(certified(encrypted, mine))

    assert outcome.failure is None


async def test_a_missing_client_certificate_is_asked_for(encrypted):
    outcome = await probe_connection(endpoint_of(encrypted, user="certified", sslmode="require"))

    assert code(outcome) == "tls_client_certificate_bad"


async def test_a_client_certificate_for_somebody_else_is_rejected(encrypted, authority):
    outcome = await probe_connection(certified(encrypted, authority.issue("somebody else")))

    assert code(outcome) == "tls_client_certificate_bad"


async def test_a_client_certificate_of_another_authority_is_rejected(encrypted):
    outcome = await probe_connection(certified(encrypted, Authority("another").issue("certified")))

    assert code(outcome) == "tls_client_certificate_bad"
    assert phase(outcome) == "tls"


@pytest.mark.parametrize("fields", [{"sslkey": "no key"}, {"sslcert": "no certificate"}, {"sslkey": ""}])
async def test_an_unreadable_client_certificate_is_our_settings_fault(encrypted, authority, fields):
    mine = authority.issue("certified")
    fields = {"sslcert": mine.certificate, "sslkey": mine.key, **fields}

    outcome = await probe_connection(endpoint_of(encrypted, sslmode="require", **fields))

    assert code(outcome) == "tls_settings_invalid"


@pytest.mark.parametrize(
    "root", ["no certificate", "ä", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"]
)
async def test_an_unreadable_root_certificate_is_our_settings_fault(encrypted, root):
    outcome = await probe_connection(endpoint_of(encrypted, sslmode="verify-ca", sslrootcert=root))

    assert code(outcome) == "tls_settings_invalid"


async def test_disable_ignores_certificates(unencrypted):
    outcome = await probe_connection(
        endpoint_of(unencrypted, sslmode="disable", sslrootcert="nonsense", sslkey="nonsense")
    )

    assert outcome.failure is None


async def test_a_key_with_a_passphrase_asks_nobody(encrypted, authority):
    mine = authority.issue("certified", passphrase="secret")

    outcome = await probe_connection(certified(encrypted, mine))

    assert code(outcome) == "tls_settings_invalid"


@pytest.fixture
def slow_settings(monkeypatch) -> list[str]:
    """Reading certificates takes 0.3 s, and each time is noted."""
    made: list[str] = []
    make = tls._new_context

    def slowly(mode, root):
        made.append(mode)
        time.sleep(0.3)
        return make(mode, root)

    monkeypatch.setattr(tls, "_contexts", OrderedDict())
    monkeypatch.setattr(tls, "_new_context", slowly)
    return made


async def test_the_reading_of_our_own_certificates_is_not_timed(encrypted, authority, slow_settings):
    mine = authority.issue("certified")

    outcome = await probe_connection(certified(encrypted, mine))

    assert outcome.failure is None
    assert len(slow_settings) == 1
    assert outcome.timings.tls is not None
    assert outcome.timings.total is not None
    assert outcome.timings.tls <= outcome.timings.total < 300
    # The loop went on meanwhile.
    assert not outcome.strained


async def test_our_own_certificates_are_read_once_for_all_that_use_them(encrypted, authority, slow_settings):
    mine = authority.issue("certified")

    outcomes = await asyncio.gather(*(probe_connection(certified(encrypted, mine)) for _ in range(5)))

    assert [outcome.failure for outcome in outcomes] == [None] * 5
    assert len(slow_settings) == 1


async def test_only_the_latest_settings_are_kept(monkeypatch):
    monkeypatch.setattr(tls, "_contexts", OrderedDict())
    monkeypatch.setattr(tls, "_load_client_certificate", lambda context, material: None)
    often = await tls.context_for(at(1, sslmode="require"))
    for number in range(2 * tls.MOST_CONTEXTS):
        await tls.context_for(at(1, sslmode="require", sslkey=f"key {number}"))
        assert await tls.context_for(at(1, sslmode="require")) is often

    assert len(tls._contexts) == tls.MOST_CONTEXTS
    assert tls.Material("require", "", "", "key 0") not in tls._contexts


async def test_no_key_is_left_in_a_file(encrypted, authority, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    outcome = await probe_connection(certified(encrypted, authority.issue("certified")))

    assert outcome.failure is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("host", "expected"), [("localhost", "localhost"), ("127.0.0.1", None)])
async def test_a_name_is_told_to_the_server_but_an_address_is_not(
    server_certificate, tmp_path, host, expected
):
    told: list[str | None] = []
    context = server_context(server_certificate, tmp_path)
    context.sni_callback = lambda _socket, name, _context: told.append(name)

    async with hostile.serve(hostile.encrypts(context, hostile.WELCOME, hostile.SELECTED)) as port:
        outcome = await probe_connection(at(port, host=host, sslmode="require"))

    assert outcome.failure is None
    # A question that is not answered is cancelled, over a connection of its own.
    assert set(told) == {expected}


def certified(cluster, mine: Pair):
    return endpoint_of(
        cluster, user="certified", sslmode="require", sslcert=mine.certificate, sslkey=mine.key
    )


def server_context(pair: Pair, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (folder / "pair.pem").write_text(pair.certificate + pair.key)
    context.load_cert_chain(folder / "pair.pem")
    return context
