"""Certificates and keys as PEM text: what is accepted, and whether two belong together."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from connections.rules import Refused

MAX_LENGTH = 300_000  # the largest bundle that a cloud publishes is about 170,000 characters

_A_CERTIFICATE = "Paste the certificate's text: it begins with -----BEGIN CERTIFICATE-----."
_A_KEY = "Paste the key's text: it begins with -----BEGIN PRIVATE KEY-----."


def certificates(text: str) -> str:
    """One certificate or several, in normal form; "" for nothing."""
    text = _normal(text)
    if "PRIVATE KEY" in text:
        raise Refused("There is a private key in it. Paste only the certificate here.")
    if text:
        _load_certificates(text)
    return text


def private_key(text: str) -> str:
    """One private key without a passphrase, in normal form; "" for nothing."""
    text = _normal(text)
    if text:
        _public_half(text)
    return text


def belong_together(certificate: str, key: str) -> bool:
    """Whether the first of the certificates was made for the key."""
    try:
        public = _load_certificates(certificate)[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == _public_half(key)


def _normal(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_LENGTH:
        raise Refused(f"Keep it within {MAX_LENGTH:,} characters.")
    return f"{text}\n" if text else ""


def _load_certificates(text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise Refused(_A_CERTIFICATE) from None


def _public_half(text: str) -> bytes:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise Refused("The key has a passphrase. Remove it first: openssl pkey -in key.pem.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Refused(_A_KEY) from None
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
