"""From what went wrong to its code: one table each for SQLSTATEs, system errors, TLS and DNS."""

import errno
import os
import re
import ssl
from collections.abc import Mapping
from typing import NamedTuple, get_args

import aiodns
import asyncpg

from probes.engine.errors import TIMEOUTS, ProbeError
from probes.engine.outcome import Failure, Phase


class Cause(NamedTuple):
    """A rule: the code for a SQLSTATE (a pattern of its beginning) whose message matches ``text`` in one of ``phases``."""

    code: str
    sqlstate: str
    text: str = ""
    phases: frozenset[Phase] = frozenset({"auth", "query"})


_SIGN_IN: frozenset[Phase] = frozenset({"auth"})
_QUERY: frozenset[Phase] = frozenset({"query"})
_ANY: frozenset[Phase] = frozenset(get_args(Phase))

SERVER_CAUSES = (
    Cause(
        "tls_required", "28", r"no encryption|SSL off|SSL (connection )?is required|connection is insecure"
    ),
    Cause("tls_client_certificate_bad", "28", r"client certificate|certificate authentication failed"),
    Cause("no_such_role", "28000", r"role .* does not exist|user .* does not exist"),
    Cause("auth_failed", "28P01"),
    Cause("auth_rejected", "28"),
    Cause("no_such_database", "3D000"),
    Cause("too_many_connections", "53300"),
    Cause("out_of_resources", "53"),
    Cause("shutting_down", "57P03", r"shutting down"),
    Cause("starting_up", "57P03"),
    Cause("shutting_down", "57P01"),
    Cause("shutting_down", "57P02"),
    Cause("no_such_database", "57P04"),
    Cause("session_ended", "57P05"),
    Cause("session_ended", "25P0[34]"),
    Cause("query_cancelled", "57014", r"user request", phases=_QUERY),
    Cause("query_timeout", "57014", phases=_QUERY),
    Cause("connect_denied", "42501", phases=_SIGN_IN),
    Cause("permission_denied", "42501", phases=_QUERY),
    Cause("statement_writes", "25006", phases=_QUERY),
    Cause("lock_timeout", "55P03", phases=_QUERY),
    Cause("transaction_conflict", "40", phases=_QUERY),
    Cause("data_corrupted", "XX00[12]"),
    Cause("server_fault", "58"),
    Cause("database_closed", "55000", phases=_SIGN_IN),
    Cause("protocol_unsupported", "0A000", r"protocol", phases=_SIGN_IN),
    # PgBouncer and managed proxies say most things with one SQLSTATE.
    Cause("tls_required", "08P01", r"SSL required|connection is insecure|sslmode=require"),
    Cause("auth_failed", "08P01", r"(password )?authentication failed|auth failed"),
    Cause("no_such_database", "08P01", r"no such database|database .* does not exist"),
    Cause("no_such_role", "08P01", r"no such user"),
    Cause("too_many_connections", "08P01", r"no more connections allowed|too many (clients|connections)"),
    Cause("shutting_down", "08P01", r"shutting down"),
    Cause(
        "pooler_without_server",
        "08P01",
        r"server_login_retry|cannot connect to server|server conn(ection)? crashed",
    ),
    Cause("auth_timeout", "08P01", r"query_wait_timeout|client_login_timeout", phases=_SIGN_IN),
    Cause("query_timeout", "08P01", r"query_wait_timeout|query_timeout", phases=_QUERY),
    Cause("query_failed", "", phases=_QUERY),
    Cause("server_error", "", phases=_ANY),
)

TCP_CAUSES = {
    errno.ECONNREFUSED: "tcp_refused",
    errno.ETIMEDOUT: "tcp_timeout",
    errno.ECONNRESET: "tcp_reset",
    errno.ECONNABORTED: "tcp_reset",
    errno.EPIPE: "tcp_reset",
}

OUR_CAUSES = {
    errno.EMFILE: "client_exhausted",
    errno.ENFILE: "client_exhausted",
    errno.ENOBUFS: "client_exhausted",
    errno.ENOMEM: "client_exhausted",
    errno.EAGAIN: "client_exhausted",
    errno.EADDRNOTAVAIL: "client_exhausted",
    errno.EPERM: "client_barred",
    errno.EACCES: "client_barred",
    errno.EAFNOSUPPORT: "client_barred",
}
"""What only the system that the probe runs on says, never a server or a network."""

CERTIFICATE_CAUSES = {
    9: "tls_certificate_expired",  # not valid yet
    10: "tls_certificate_expired",
    62: "tls_hostname_mismatch",
    63: "tls_hostname_mismatch",
    64: "tls_hostname_mismatch",  # the same for an IP address
    26: "tls_certificate_unfit",  # for another purpose
    66: "tls_certificate_unfit",  # the server's key is too weak
    67: "tls_certificate_unfit",  # the authority's key
    68: "tls_certificate_unfit",  # the signature's digest
}

CLIENT_CERTIFICATE_ALERT = re.compile(
    r"ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)|CERTIFICATE_REQUIRED"
)

DNS_CAUSES = {
    aiodns.error.ARES_ENOTFOUND: "dns_not_found",
    aiodns.error.ARES_ENODATA: "dns_not_found",
    aiodns.error.ARES_ENONAME: "dns_not_found",
    aiodns.error.ARES_EBADNAME: "dns_not_found",
    aiodns.error.ARES_ETIMEOUT: "dns_timeout",
}


def server_said(fields: Mapping[str, str], phase: Phase) -> ProbeError:
    """The error for an ErrorResponse; ``fields`` is keyed by the protocol's one-letter names."""
    sqlstate, message = fields.get("C", ""), fields.get("M", "")
    text = " ".join(
        part
        for part in (
            message,
            f"DETAIL: {fields['D']}" if fields.get("D") else "",
            f"HINT: {fields['H']}" if fields.get("H") else "",
        )
        if part
    )
    code = next(
        cause.code
        for cause in SERVER_CAUSES
        if re.match(cause.sqlstate, sqlstate)
        and phase in cause.phases
        and re.search(cause.text, message, re.IGNORECASE)
    )
    return ProbeError(code, phase, text or "the server gave no reason", sqlstate)


def error_from(exc: BaseException, phase: Phase) -> ProbeError:
    """The `ProbeError` for anything that opening or using a connection may raise in ``phase``."""
    match exc:
        case ProbeError():
            return exc
        case asyncpg.ConnectionDoesNotExistError():
            return ProbeError("connection_lost", phase, _text(exc))
        case asyncpg.PostgresError():
            fields = {"C": exc.sqlstate, "M": exc.message or str(exc), "D": exc.detail, "H": exc.hint}
            return server_said({name: value or "" for name, value in fields.items()}, phase)
        case aiodns.error.DNSError():
            return ProbeError(
                DNS_CAUSES.get(exc.args[0], "dns_failed"), phase, str(exc.args[-1]) or _text(exc)
            )
        case ssl.SSLError():
            # A server may turn our certificate down only after the handshake, so the phase is set here.
            return ProbeError(_tls_code(exc), "tls", _tls_text(exc))
        case TimeoutError() if exc.errno is None:
            return ProbeError(TIMEOUTS.get(phase, "internal_error"), phase, str(exc) or "no answer in time")
        case OSError():
            return _system_error(exc, phase)
        case asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return ProbeError("connection_lost" if _is_loss(exc) else "protocol_violation", phase, _text(exc))
        case _:
            # Whatever the driver trips over while it reads what the server sent.
            return ProbeError("protocol_violation", phase, f"{type(exc).__name__}: {exc}")


def failure_from(exc: BaseException, phase: Phase) -> Failure:
    return error_from(exc, phase).failure


def _system_error(exc: OSError, phase: Phase) -> ProbeError:
    text = os.strerror(exc.errno) if exc.errno else _text(exc)
    if ours := OUR_CAUSES.get(exc.errno or 0):
        return ProbeError(ours, "worker", text)
    if phase == "tcp":
        return ProbeError(TCP_CAUSES.get(exc.errno or 0, "tcp_unreachable"), phase, text)
    return ProbeError("connection_lost", phase, text)


def _tls_code(exc: ssl.SSLError) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return CERTIFICATE_CAUSES.get(exc.verify_code, "tls_certificate_untrusted")
    if CLIENT_CERTIFICATE_ALERT.search(_tls_text(exc)):
        return "tls_client_certificate_bad"
    return "tls_failed"


def _tls_text(exc: ssl.SSLError) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return exc.verify_message or _text(exc)
    # Errors that the event loop makes itself have no reason.
    return getattr(exc, "reason", None) or _text(exc)


def _text(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__


def _is_loss(exc: BaseException) -> bool:
    return "connection" in str(exc) and ("clos" in str(exc) or "lost" in str(exc))
