"""The server's certificate is part of every kind of outcome with TLS, whatever the mode verifies and whatever it holds."""

import random
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from probes.engine.certificate import MAX_NAMES, Certificate
from probes.engine.connection import probe_connection
from probes.engine.health import probe_health
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.outcome import Outcome
from tests.probes.engine.conftest import at, endpoint_of, make_cluster, superuser_of
from tests.probes.engine.load.runs import load
from tests.rigs import hostile
from tests.rigs.certificates import Authority
from tests.rigs.pgbouncer import PgBouncer, program
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD

KEYS = {
    "subject",
    "issuer",
    "not_before",
    "not_after",
    "days_left",
    "names",
    "names_left_out",
    "self_signed",
    "verified",
    "pooler",
}


async def outcomes(endpoint) -> list[Outcome]:
    """One of each kind."""
    return [
        await probe_connection(endpoint),
        await probe_latency(endpoint, LatencyPlan(samples=2)),
        await load(endpoint, clients=1, seconds=0.5),
        await probe_health(endpoint),
    ]


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
async def test_every_kind_tells_the_certificate_in_every_mode(encrypted, authority, mode):
    verifies = mode.startswith("verify")
    root = authority.certificate if verifies else ""
    for outcome in await outcomes(endpoint_of(encrypted, sslmode=mode, sslrootcert=root)):
        assert outcome.failure is None
        shown = outcome.detail["certificate"]
        assert set(shown) == KEYS
        assert (shown["subject"], shown["issuer"]) == ("CN=server", "CN=test root")
        assert shown["names"] == ["localhost", "127.0.0.1"]
        assert shown["names_left_out"] == 0
        assert shown["verified"] is verifies
        assert not shown["self_signed"]
        assert not shown["pooler"]
        assert shown["days_left"] == pytest.approx(30, abs=0.2)
        begins, ends = (datetime.fromisoformat(shown[name]) for name in ("not_before", "not_after"))
        assert begins < datetime.now(UTC) < ends
        assert outcome.server.tls_version == "TLSv1.3"
        assert outcome.server.tls_cipher


async def test_without_tls_no_kind_tells_one(unencrypted):
    for outcome in await outcomes(endpoint_of(unencrypted, sslmode="prefer")):
        assert "certificate" not in outcome.detail


async def test_who_is_refused_after_tls_still_sees_it(encrypted):
    endpoint = endpoint_of(encrypted, sslmode="require", password="wrong")

    for outcome in await outcomes(endpoint):
        assert outcome.failure is not None
        assert outcome.failure.code == "auth_failed"
        assert outcome.detail["certificate"]["subject"] == "CN=server"


async def test_prefer_that_turned_to_plain_text_tells_none(encrypted):
    outcome = await probe_connection(endpoint_of(encrypted, user="unencrypted", sslmode="prefer"))

    assert outcome.failure is None
    assert "certificate" not in outcome.detail


async def test_through_a_pooler_it_is_the_poolers():
    if program() is None:
        pytest.skip("PgBouncer is not installed on this machine")
    cluster, pair = make_cluster(17), Authority("pool root").issue("pooler", hosts=["127.0.0.1"])
    try:
        cluster.hba("host all all 127.0.0.1/32 scram-sha-256")
        cluster.start()
        settings = {
            "client_tls_sslmode": "require",
            "client_tls_cert_file": str(cluster.write("pooler.crt", pair.certificate)),
            "client_tls_key_file": str(cluster.write("pooler.key", pair.key)),
        }
        bouncer = PgBouncer(cluster, {SUPERUSER: SUPERUSER_PASSWORD}, settings)
        bouncer.start()
        try:
            for pooled in (True, False):
                endpoint = superuser_of(cluster, port=bouncer.port, sslmode="require", pooled=pooled)
                connection, *others = await outcomes(endpoint)
                for outcome in others if not pooled else [connection, *others]:
                    assert outcome.failure is None
                    assert outcome.detail["certificate"]["subject"] == "CN=pooler"
                    assert outcome.detail["certificate"]["pooler"]
        finally:
            bouncer.stop()
    finally:
        cluster.remove()


async def served(pair_pem: str, folder: Path) -> dict:
    """What a probe tells of this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (folder / "pair.pem").write_text(pair_pem)
    context.load_cert_chain(folder / "pair.pem")
    async with hostile.serve(hostile.encrypts(context, hostile.WELCOME, hostile.SELECTED)) as port:
        outcome = await probe_connection(at(port, sslmode="require"))
    assert outcome.failure is None
    return outcome.detail["certificate"]


async def test_thousands_of_names_are_cut_and_counted(authority, tmp_path):
    pair = authority.issue("many", hosts=[f"host-{number}.example.org" for number in range(2000)])

    shown = await served(pair.certificate + pair.key, tmp_path)

    assert len(shown["names"]) == MAX_NAMES
    assert shown["names_left_out"] == 2000 - MAX_NAMES


async def test_control_characters_do_not_come_through(authority, tmp_path):
    pair = authority.issue("a\x1b[31m\r\n\u202eb")

    shown = await served(pair.certificate + pair.key, tmp_path)

    assert shown["subject"].isprintable()
    assert all(name.isprintable() for name in shown["names"])


async def test_an_expired_one_has_fewer_than_no_days_left(authority, tmp_path):
    pair = authority.issue("old", begins=timedelta(days=-9), ends=timedelta(days=-2))

    shown = await served(pair.certificate + pair.key, tmp_path)

    assert shown["days_left"] == pytest.approx(-2, abs=0.2)
    assert not shown["verified"]


async def test_one_larger_than_tls_takes_in_is_a_failure_with_a_text(authority, tmp_path):
    pair = authority.issue("huge", hosts=[f"host-{number}.example.org" for number in range(8000)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (tmp_path / "pair.pem").write_text(pair.certificate + pair.key)
    context.load_cert_chain(tmp_path / "pair.pem")

    async with hostile.serve(hostile.encrypts(context, hostile.WELCOME)) as port:
        outcome = await probe_connection(at(port, sslmode="require"))

    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.phase) == ("tls_failed", "tls")
    assert outcome.failure.message


def der_of(authority: Authority, name: str, hosts: list[str]) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.issue(name, hosts=hosts).certificate)


def test_one_that_names_itself_as_its_issuer_is_self_signed(authority):
    assert Certificate.read(ssl.PEM_cert_to_DER_cert(authority.certificate), verified=False).self_signed


def test_without_alternative_names_the_common_name_counts(authority):
    assert Certificate.read(der_of(authority, "only.example.org", []), verified=True).names == [
        "only.example.org"
    ]


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"x" * 100_000, b"\0" * 70_000])
def test_what_is_no_certificate_is_nothing_known(der):
    assert Certificate.read(der, verified=False) == Certificate(verified=False)


def test_a_damaged_certificate_never_raises_and_stays_small(authority):
    whole = der_of(authority, "server", ["a.example.org", "127.0.0.1"])
    dice = random.Random(7)
    for _ in range(5_000):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            damaged[dice.randrange(len(damaged))] = dice.choice(
                [0, 1, 5, 22, 30, 48, 255, dice.randrange(256)]
            )
        shown = Certificate.read(bytes(damaged), verified=False).as_dict(pooler=False)
        assert set(shown) == KEYS
        assert len(str(shown)) < 10_000
