"""libpq's six TLS modes: when to ask for encryption, and what must be true of the certificate."""

import asyncio
import contextlib
import enum
import os
import ssl
import tempfile
import threading
from collections import OrderedDict
from typing import NamedTuple

from probes.engine.endpoint import Endpoint, SslMode
from probes.engine.errors import ProbeError


class Encryption(enum.Enum):
    """How one attempt to connect treats TLS."""

    NEVER = "never"
    IF_OFFERED = "if offered"
    ALWAYS = "always"


ATTEMPTS: dict[SslMode, tuple[Encryption, ...]] = {
    "disable": (Encryption.NEVER,),
    "allow": (Encryption.NEVER, Encryption.ALWAYS),
    "prefer": (Encryption.IF_OFFERED, Encryption.NEVER),
    "require": (Encryption.ALWAYS,),
    "verify-ca": (Encryption.ALWAYS,),
    "verify-full": (Encryption.ALWAYS,),
}

SIGN_IN_REFUSALS = {
    "auth_rejected",
    "tls_required",
    "tls_client_certificate_bad",
    "cleartext_password_refused",
}


def worth_another_attempt(error: ProbeError) -> bool:
    """Whether the other kind of encryption may cure it. A wrong password is not tried again in plain text."""
    return error.phase == "tls" or error.code in SIGN_IN_REFUSALS


def more_telling(first: ProbeError, second: ProbeError) -> ProbeError:
    """Which of two failed attempts to report: the one that does not merely ask for the other."""
    if second.code == "tls_refused":
        return not_for_want_of_tls(first)
    return first if second.code == "tls_required" else second


def not_for_want_of_tls(error: ProbeError) -> ProbeError:
    """The error of a server that has no TLS: it then rejects for other reasons, though its text ends the same."""
    if error.code == "tls_required":
        return ProbeError("auth_rejected", error.phase, error.message, error.sqlstate)
    return error


class Material(NamedTuple):
    """What a context is made of; the certificates and the key are PEM text."""

    mode: SslMode
    root: str
    certificate: str
    key: str


MOST_CONTEXTS = 64
_contexts: OrderedDict[Material, ssl.SSLContext] = OrderedDict()
"""The latest that were used, the last of them last. They hold keys, so no more are kept than a batch needs."""

_making = threading.Lock()


async def context_for(endpoint: Endpoint) -> ssl.SSLContext:
    """The TLS settings of this endpoint. `ProbeError` if a certificate or key cannot be read.

    As in libpq, a root certificate is verified against in every mode. Without one, ``verify-ca`` and
    ``verify-full`` use the system's.
    """
    material = Material(endpoint.sslmode, endpoint.sslrootcert, endpoint.sslcert, endpoint.sslkey)
    if (context := _kept(material)) is not None:
        return context
    # Reading certificates takes up to hundreds of milliseconds, in which every other probe should get on.
    return await asyncio.to_thread(_make, material)


def _kept(material: Material) -> ssl.SSLContext | None:
    with contextlib.suppress(KeyError):
        _contexts.move_to_end(material)
        return _contexts[material]
    return None


def _make(material: Material) -> ssl.SSLContext:
    # Whoever waited for somebody else to make it finds it made.
    with _making:
        if (context := _kept(material)) is not None:
            return context
        context = _new_context(material.mode, material.root)
        if material.certificate or material.key:
            _load_client_certificate(context, material)
        if len(_contexts) >= MOST_CONTEXTS:
            _contexts.popitem(last=False)
        _contexts[material] = context
        return context


def _new_context(mode: SslMode, root: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["postgresql"])
    context.check_hostname = mode == "verify-full"
    if root:
        try:
            context.load_verify_locations(cadata=root)
        except (ssl.SSLError, ValueError, TypeError) as exc:
            raise ProbeError("tls_settings_invalid", "tls", f"root certificate: {exc}") from exc
    elif mode in ("verify-ca", "verify-full"):
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.verify_mode = ssl.CERT_NONE
    return context


def _load_client_certificate(context: ssl.SSLContext, material: Material) -> None:
    # OpenSSL takes client certificates from a file only: a private one, gone again at once.
    with tempfile.NamedTemporaryFile(mode="w", prefix="meridian-", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(f"{material.certificate}\n{material.key}\n")
        file.flush()
        try:
            # An empty passphrase keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(file.name, password=lambda: "")
        except (ssl.SSLError, ValueError) as exc:
            raise ProbeError("tls_settings_invalid", "tls", f"client certificate or key: {exc}") from exc
