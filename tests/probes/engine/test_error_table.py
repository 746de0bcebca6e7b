"""The table from (phase, SQLSTATE, errno, TLS reason, DNS answer) to codes: complete, stable, and never without a text."""

import ast
import errno
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import aiodns
import asyncpg
import pytest

from probes.engine.causes import error_from, server_said
from probes.engine.errors import HINTS, OURS, TIMEOUTS, ProbeError, timed_out
from probes.engine.outcome import Phase

PROBES = Path(__file__).parents[3] / "probes"

PHASES: tuple[Phase, ...] = get_args(Phase)

THEIRS = """
    auth_failed auth_method_unsupported auth_rejected auth_timeout cleartext_password_refused connect_denied
    connection_lost data_corrupted database_closed dns_not_found lock_timeout no_such_database no_such_role
    not_postgres out_of_resources permission_denied pooler_without_server protocol_unsupported protocol_violation
    query_cancelled query_failed query_timeout result_too_large scram_cost server_error server_fault session_ended
    shutting_down starting_up statement_writes tcp_refused tcp_reset tcp_timeout tcp_unreachable
    tls_certificate_expired tls_certificate_unfit tls_certificate_untrusted tls_client_certificate_bad tls_failed
    tls_hostname_mismatch tls_refused tls_required tls_timeout too_many_connections transaction_conflict
"""

BLAMING_US = """
    client_barred client_exhausted dns_failed dns_timeout egress_denied endpoint_invalid internal_error job_unreadable
    load_under_way plan_refused scratch_foreign scratch_missing slots_exceeded statement_refused switched_off
    tls_settings_invalid vault_unreadable worker_lost
"""


def test_codes_never_change_their_names_or_whom_they_blame():
    """History, alerts and pages refer to them: add to these lists, but take nothing away."""
    assert set(BLAMING_US.split()) == OURS
    assert {*THEIRS.split(), *BLAMING_US.split()} == set(HINTS)
    assert OURS.isdisjoint(THEIRS.split())


def codes_named_in(tree: ast.AST) -> Iterator[str]:
    """The codes that are written out where an error is made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := getattr(node.func, "attr", getattr(node.func, "id", ""))):
            place = {"ProbeError": 0, "our_fault": 1, "fail": 0}.get(name)
            if place is not None and len(node.args) > place:
                texts = (part.value for part in ast.walk(node.args[place]) if isinstance(part, ast.Constant))
                yield from (text for text in texts if isinstance(text, str))


def test_every_code_that_the_source_names_is_in_the_table():
    named = {
        code
        for file in PROBES.rglob("*.py")
        for code in codes_named_in(ast.parse(file.read_text(encoding="utf-8")))
        if "_" in code
    }

    assert len(named) > 20
    assert named <= set(HINTS)


SQLSTATES = sorted(
    {
        kind.sqlstate
        for kind in vars(asyncpg.exceptions).values()
        if isinstance(getattr(kind, "sqlstate", None), str)
    }
    | {"", "?", "0", "ZZ999", "\udcff", "💥"}
)


@pytest.mark.parametrize("phase", PHASES)
def test_every_sqlstate_has_a_code_in_every_phase(phase):
    assert len(SQLSTATES) > 250
    for sqlstate in SQLSTATES:
        failure = server_said({"C": sqlstate, "M": "said by the server"}, phase).failure
        assert failure.hint
        assert failure.message == "said by the server"


@pytest.mark.parametrize(
    ("sqlstate", "message", "at_sign_in", "in_a_query"),
    [
        ("28P01", "password authentication failed", "auth_failed", "auth_failed"),
        ("28000", "no pg_hba.conf entry for host, no encryption", "tls_required", "tls_required"),
        ("28000", "no pg_hba.conf entry for host", "auth_rejected", "auth_rejected"),
        ("28000", 'role "x" does not exist', "no_such_role", "no_such_role"),
        ("3D000", 'database "x" does not exist', "no_such_database", "no_such_database"),
        ("42501", "permission denied", "connect_denied", "permission_denied"),
        ("55000", "not currently accepting connections", "database_closed", "query_failed"),
        ("53300", "too many clients", "too_many_connections", "too_many_connections"),
        ("53100", "disk full", "out_of_resources", "out_of_resources"),
        ("57P01", "terminating connection", "shutting_down", "shutting_down"),
        ("57P03", "the database system is starting up", "starting_up", "starting_up"),
        ("57P03", "the database system is shutting down", "shutting_down", "shutting_down"),
        ("57P04", "database was dropped", "no_such_database", "no_such_database"),
        ("57P05", "idle-session timeout", "session_ended", "session_ended"),
        ("25P03", "idle-in-transaction timeout", "session_ended", "session_ended"),
        ("57014", "canceling statement due to statement timeout", "server_error", "query_timeout"),
        ("57014", "canceling statement due to user request", "server_error", "query_cancelled"),
        ("25006", "cannot execute DELETE in a read-only transaction", "server_error", "statement_writes"),
        ("40001", "conflict with recovery", "server_error", "transaction_conflict"),
        ("40P01", "deadlock detected", "server_error", "transaction_conflict"),
        ("55P03", "canceling statement due to lock timeout", "server_error", "lock_timeout"),
        ("58030", "could not read file", "server_fault", "server_fault"),
        ("XX001", "invalid page in block 7", "data_corrupted", "data_corrupted"),
        ("XX000", "cache lookup failed", "server_error", "query_failed"),
        ("22012", "division by zero", "server_error", "query_failed"),
        ("0A000", "unsupported frontend protocol 9.9", "protocol_unsupported", "query_failed"),
        ("08P01", "server login has been failing (server_login_retry)", *2 * ["pooler_without_server"]),
        ("08P01", "query_wait_timeout", "auth_timeout", "query_timeout"),
        ("08P01", "SSL required", "tls_required", "tls_required"),
        ("", "", "server_error", "query_failed"),
    ],
)
def test_what_a_server_says_has_a_meaning(sqlstate, message, at_sign_in, in_a_query):
    fields = {"C": sqlstate, "M": message}

    assert server_said(fields, "auth").code == at_sign_in
    assert server_said(fields, "query").code == in_a_query


@pytest.mark.parametrize("phase", PHASES)
def test_every_system_error_has_a_code_in_every_phase(phase):
    for number in [*errno.errorcode, None, 0, 99_999]:
        failure = error_from(OSError(number, "x"), phase).failure
        assert failure.code != "internal_error"
        assert failure.message


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(
            (name, "client_exhausted")
            for name in ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN", "EADDRNOTAVAIL")
        ),
        *((name, "client_barred") for name in ("EPERM", "EACCES", "EAFNOSUPPORT")),
    ],
)
def test_what_this_machine_lacks_or_forbids_is_not_the_databases_fault(name, code):
    failure = error_from(OSError(getattr(errno, name), "x"), "tcp").failure

    assert (failure.code, failure.phase) == (code, "worker")
    assert code in OURS


def verification(code: int, text: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, text
    return error


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("exc", "code"),
    [
        (verification(10, "certificate has expired"), "tls_certificate_expired"),
        (verification(9, "certificate is not yet valid"), "tls_certificate_expired"),
        (verification(62, "Hostname mismatch"), "tls_hostname_mismatch"),
        (verification(64, "IP address mismatch"), "tls_hostname_mismatch"),
        (verification(18, "self-signed certificate"), "tls_certificate_untrusted"),
        (verification(20, "unable to get local issuer certificate"), "tls_certificate_untrusted"),
        (verification(26, "unsuitable certificate purpose"), "tls_certificate_unfit"),
        (verification(66, "EE certificate key too weak"), "tls_certificate_unfit"),
        (verification(68, "CA signature digest algorithm too weak"), "tls_certificate_unfit"),
        (verification(0, ""), "tls_certificate_untrusted"),
        (alert("TLSV1_ALERT_UNKNOWN_CA"), "tls_client_certificate_bad"),
        (alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "tls_client_certificate_bad"),
        (alert("SSLV3_ALERT_BAD_CERTIFICATE"), "tls_client_certificate_bad"),
        (alert("SSLV3_ALERT_CERTIFICATE_EXPIRED"), "tls_client_certificate_bad"),
        (alert("TLSV1_ALERT_PROTOCOL_VERSION"), "tls_failed"),
        (alert("UNSUPPORTED_PROTOCOL"), "tls_failed"),
        (alert("SSLV3_ALERT_HANDSHAKE_FAILURE"), "tls_failed"),
        (alert("WRONG_VERSION_NUMBER"), "tls_failed"),
        (alert("EXCESSIVE_MESSAGE_SIZE"), "tls_failed"),
        (ssl.SSLEOFError(), "tls_failed"),
    ],
)
@pytest.mark.parametrize("phase", ["tls", "auth", "query"])
def test_a_tls_reason_has_a_code_and_its_phase(exc, code, phase):
    failure = error_from(exc, phase).failure

    assert (failure.code, failure.phase) == (code, "tls")
    assert failure.message


def test_every_answer_of_dns_has_a_code():
    numbers = [value for name, value in vars(aiodns.error).items() if name.startswith("ARES_")]

    codes = {error_from(aiodns.error.DNSError(number, "x"), "dns").code for number in numbers}
    assert codes == {"dns_not_found", "dns_timeout", "dns_failed"}


@pytest.mark.parametrize("phase", PHASES)
def test_time_runs_out_in_every_phase_with_a_code_and_a_text(phase):
    failure = timed_out(phase, 1.5).failure

    assert failure.code == TIMEOUTS.get(phase, "internal_error")
    assert failure.message == "no answer within 1.5 s"


@pytest.mark.parametrize(
    "exc",
    [
        asyncpg.InterfaceError(""),
        asyncpg.InternalClientError(""),
        asyncpg.ConnectionDoesNotExistError(""),
        asyncpg.PostgresError(""),
        aiodns.error.DNSError(1, ""),
        ConnectionResetError(),
        TimeoutError(),
        KeyError(),
        RuntimeError(""),
        ssl.SSLError(),
        ProbeError("connection_lost", "query", "x"),
    ],
    ids=repr,
)
def test_nothing_ends_without_a_text(exc):
    assert error_from(exc, "query").failure.message
