"""Failures: the one exception of the engine and the one table of codes with their plain-words hints.

A code never changes its meaning: history, alerts and documentation refer to it.
"""

import unicodedata

from probes.engine.outcome import Failure, Phase

MAX_TEXT = 500
"""Characters kept of any text that a server or a system gave us."""

_THEIR_HINTS = {
    # name
    "dns_not_found": "The host name does not exist. Check its spelling, or the DNS of this vantage.",
    # network
    "tcp_refused": "The host is up but nothing listens on this port. Check the port, that PostgreSQL runs, "
    "and its listen_addresses.",
    "tcp_timeout": "Nothing answered at this address. A firewall or security group probably drops the "
    "packets, or the host is down.",
    "tcp_unreachable": "There is no route to this address from this vantage. Check the network, and whether "
    "IPv6 works here.",
    "tcp_reset": "The connection was cut while it was being opened. A firewall or proxy probably rejects it.",
    # encryption
    "tls_refused": "The server has no TLS, and the TLS mode demands it. Enable ssl on the server, or choose "
    "prefer or disable.",
    "tls_required": "The server turned away a connection without TLS. Choose the TLS mode require or stricter; "
    "if that fails too, check pg_hba.conf.",
    "tls_certificate_untrusted": "The server's certificate is not signed by a trusted authority. Paste the "
    "provider's CA certificate, or choose require.",
    "tls_certificate_expired": "The server's certificate has expired or is not valid yet. Renew it, or check "
    "the clocks.",
    "tls_certificate_unfit": "The server's certificate has too weak a key or signature, or was not issued for "
    "servers. Have it issued anew.",
    "tls_hostname_mismatch": "The server's certificate is for another host name. Connect by a name that it "
    "holds, or choose verify-ca.",
    "tls_client_certificate_bad": "The server did not accept our client certificate, or wants one. Check the "
    "certificate and key of this connection.",
    "tls_failed": "The TLS handshake failed. The server and this client share no TLS version or cipher, or "
    "something in between interferes.",
    "tls_timeout": "The connection opened, but the TLS handshake did not end in time. The server or a proxy "
    "hangs, or the port is not PostgreSQL.",
    # protocol
    "not_postgres": "Something answers on this port, but it is not PostgreSQL. Check host and port.",
    "protocol_violation": "The server broke the PostgreSQL protocol, so the connection was dropped. It is "
    "faulty, hostile, or something in between interferes.",
    "protocol_unsupported": "The server does not speak version 3 of the PostgreSQL protocol.",
    # sign-in
    "auth_failed": "The user name or password is wrong. Correct them in the connection.",
    "auth_rejected": "The server does not let this user in from this address. Check pg_hba.conf, or the "
    "provider's allowed networks and users.",
    "auth_method_unsupported": "The server wants a way to sign in that is not supported. Allow "
    "scram-sha-256, md5 or a password over TLS for this user.",
    "cleartext_password_refused": "The server asked for the password in clear text without TLS, so it was "
    "not sent. Use TLS, or scram-sha-256.",
    "scram_cost": "The server demands an absurd number of SCRAM iterations. Lower scram_iterations and set "
    "the password again.",
    "auth_timeout": "Connected, but sign-in did not end in time. The server is overloaded, or a pooler waits "
    "for a free connection.",
    "no_such_database": "The server has no database of this name. Check the database name.",
    "no_such_role": "The server has no such user. Check the user name.",
    "too_many_connections": "The server has no free connection slot. Close idle connections, raise "
    "max_connections, or use a pooler.",
    "connect_denied": "The user lacks the right to connect to this database. GRANT CONNECT to it.",
    "database_closed": "The database accepts no connections. Check that it is not a template or being moved.",
    # server state
    "starting_up": "The server is starting or recovering and takes no connections yet. Try again soon.",
    "shutting_down": "The server is shutting down or was just restarted. Try again soon.",
    "out_of_resources": "The server ran out of memory, disk or another resource. Look at the server.",
    "server_error": "The server refused with its own message, shown here.",
    # query
    "query_failed": "Signed in, but the query failed with the server's message, shown here.",
    "query_timeout": "Signed in, but the query did not answer in time. The server is overloaded or hangs.",
    "query_cancelled": "Somebody had the server cancel the query: pg_cancel_backend does, and tools that end what runs for "
    "long. Ask who did.",
    "connection_lost": "The server or the network closed the connection without a reason. Look at the "
    "server's log, and at proxies and firewalls in between.",
    "result_too_large": "The statement returned more than a test takes in, so the connection was cut. Add a "
    "LIMIT, or aggregate.",
    "permission_denied": "The user lacks a right that the statement needs; the message names it. GRANT it.",
    "statement_writes": "A test runs in a read-only transaction, and this statement would write. Use one that "
    "only reads.",
    "lock_timeout": "Somebody else holds a lock that was waited for in vain. Look at what blocks: the health check "
    "shows it.",
    "transaction_conflict": "The server ended the statement because of another one: a deadlock, or on a replica the "
    "recovery. Try again; on a replica see max_standby_streaming_delay.",
    "session_ended": "The server ended the session because it was idle for too long. Look at its session and "
    "transaction timeouts.",
    "pooler_without_server": "The pooler answers, but cannot reach its server or sign in to it. Look at the "
    "pooler's log, and test the server directly.",
    "data_corrupted": "The server found damaged data. Stop writing to it, keep a copy of its files, and see its log.",
    "server_fault": "The server could not read or write its own files. Look at its log, its disks and their rights.",
}

_OUR_HINTS = {
    "dns_timeout": "No DNS server answered in time. Check the DNS servers of this vantage.",
    "dns_failed": "The DNS server could not answer for this name. Try again, or check the DNS servers.",
    "egress_denied": "The address is one that probes may not reach. Use another host, or ask the operator "
    "to change the egress rules.",
    "endpoint_invalid": "A field of this connection holds what PostgreSQL cannot take. Correct it.",
    "tls_settings_invalid": "A certificate or key of this connection cannot be read. Paste it again as PEM, "
    "the key without a passphrase.",
    "statement_refused": "A test runs one statement that returns rows, in a read-only transaction. Use a "
    "single SELECT without parameters.",
    "scratch_missing": "This workload reads Meridian's scratch table, which this database does not have. Create "
    "it first, or choose another workload.",
    "scratch_foreign": "A table of that name exists but was not created by Meridian, so it is left alone.",
    "slots_exceeded": "The test would take more than half of the server's free connection slots. Use fewer "
    "clients, or have an administrator lift the limit.",
    "load_under_way": "Another load test of this database is under way, and two would falsify each other. Wait "
    "until it has ended, or cancel it.",
    "switched_off": "A flag switched this off after it was asked for, so nothing was tested. See the page Flags.",
    "client_exhausted": "This worker has no free sockets, ports or memory, or no IPv6 for an IPv6 address. It says nothing "
    "about the database.",
    "client_barred": "This worker's own system forbids such a connection. Look at its firewall and sandbox, and whether "
    "it has IPv6. It says nothing about the database.",
    "worker_lost": "The worker was lost while it ran this probe; it says nothing about the database. See the "
    "workers' log.",
    "job_unreadable": "The worker pool could not open the job. Give it the vault keys of the home site.",
    "plan_refused": "This version of Meridian cannot carry out what was asked, as when it was asked of another one. Ask "
    "again.",
    "vault_unreadable": "The password cannot be read with the vault keys of now. Bring the old key back, or enter "
    "the password again.",
    "internal_error": "The probe itself failed; it says nothing about the database. See the worker's log.",
}

HINTS = {**_THEIR_HINTS, **_OUR_HINTS}
"""In plain words, what each code means and what to do next."""

OURS = frozenset(_OUR_HINTS)
"""Codes that blame our own side: its name servers, its rules, what was asked for. They say nothing about the database."""

TIMEOUTS: dict[Phase, str] = {
    "dns": "dns_timeout",
    "tcp": "tcp_timeout",
    "tls": "tls_timeout",
    "auth": "auth_timeout",
    "query": "query_timeout",
}

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of the text around them, our own words included, so that it reads as something else."""


class ProbeError(Exception):
    """A probe could not go on. Never leaves the engine: probes turn it into a `Failure`."""

    def __init__(self, code: str, phase: Phase, message: str = "", sqlstate: str = "") -> None:
        super().__init__(f"{phase}: {code}: {message}")
        self.code = code
        self.phase: Phase = phase
        self.message = message
        self.sqlstate = sqlstate

    @property
    def failure(self) -> Failure:
        return Failure(
            code=self.code,
            phase=self.phase,
            hint=HINTS[self.code],
            message=clean(self.message),
            sqlstate=clean(self.sqlstate, limit=5),
        )


def timed_out(phase: Phase, seconds: float) -> ProbeError:
    return ProbeError(TIMEOUTS.get(phase, "internal_error"), phase, f"no answer within {seconds:.3g} s")


def clean(text: str | bytes, limit: int = MAX_TEXT) -> str:
    """Untrusted text made safe to keep: valid Unicode, at most ``limit`` long, without characters that control
    the terminal or the direction of the text around them.
    """
    if isinstance(text, bytes):
        text = text[: 4 * limit].decode("utf-8", "replace")
    kept = "".join(_safe(character) for character in text[: 2 * limit]).strip()
    return kept if len(kept) <= limit else f"{kept[: limit - 1]}…"


def _safe(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " " if character in "\t\r\n" else "\N{REPLACEMENT CHARACTER}"
    if category == "Cs" or character in _DIRECTIONS:
        return "\N{REPLACEMENT CHARACTER}"
    return character
