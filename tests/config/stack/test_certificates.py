import datetime
import ssl

import pytest

from config.stack import certificates
from config.stack.certificates import ensure_certificates


def test_a_certificate_is_kept_while_it_is_good(folder):
    first = ensure_certificates(folder / "tls", None).certificate.read_bytes()
    assert ensure_certificates(folder / "tls", None).certificate.read_bytes() == first


def test_a_certificate_near_its_end_is_made_anew_with_its_authority(folder, monkeypatch):
    monkeypatch.setattr(certificates, "LIFETIME", datetime.timedelta(days=20))
    first = ensure_certificates(folder / "tls", None).authority.read_bytes()
    assert ensure_certificates(folder / "tls", None).authority.read_bytes() != first


def test_an_interrupted_renewal_is_repeated(folder, monkeypatch):
    files = ensure_certificates(folder / "one", None)
    other = ensure_certificates(folder / "two", None)
    files.authority.write_bytes(other.authority.read_bytes())
    ensure_certificates(folder / "one", None)
    _handshake(files, "localhost")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_strict_client_accepts_it_for_every_name_of_this_machine(folder, name):
    _handshake(ensure_certificates(folder / "tls", None), name)


def _handshake(files: certificates.Certificates, name: str) -> None:
    strict = ssl.create_default_context(cafile=str(files.authority))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(files.certificate, files.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = strict.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == "TLSv1.3"
