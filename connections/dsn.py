"""PostgreSQL connection strings to fields and back: ``postgresql://`` URLs and ``key=value`` pairs.

Read as libpq reads them, with three differences: nothing is taken from this machine (files, sockets, the
environment), what cannot be honoured is refused instead of ignored, and ``channel_binding=require`` asks for
``sslmode=verify-full``. No message ever repeats a value, because a mistyped string puts a password anywhere.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, unquote, urlencode

from connections import rules

Value = TypeVar("Value")

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
DEFAULT_SSLMODE = "require"
DEFAULT_PORT = 5432
DEFAULT_CONNECT_TIMEOUT = 10
MAX_LENGTH = 8192

_URL = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_PAIRS_BEGIN = re.compile(r"\w+\s*=")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?!')(?:[^\s\\]|\\.)*))(?:\s+|$)")

_PART_OF_OPTION = {
    "host": "host",
    "port": "port",
    "dbname": "database",
    "user": "user",
    "password": "password",
    "sslmode": "sslmode",
    "connect_timeout": "connect_timeout",
    "pgbouncer": "pooled",
}
_NAMES_A_FILE = frozenset(
    {
        "passfile",
        "service",
        "servicefile",
        "sslcert",
        "sslcrl",
        "sslcrldir",
        "sslkey",
        "sslkeylogfile",
        "sslrootcert",
    }
)
# With these values (None: with any) they change nothing here, so a string may keep them.
_HARMLESS: Mapping[str, frozenset[str] | None] = {
    "application_name": None,
    "fallback_application_name": None,
    "channel_binding": frozenset({"prefer", "disable", "require"}),
    "connection_limit": None,
    "gssencmode": frozenset({"prefer", "disable"}),
    "pool_timeout": None,
    "sslsni": frozenset({"1"}),
    "target_session_attrs": frozenset({"any"}),
}
_UNSUPPORTED = {"hostaddr": "Remove hostaddr and put the address into the host."}
# Of libpq, of Prisma and of other clients: what is none of these may be a piece of a password, and is not repeated.
_MAY_BE_NAMED = frozenset(
    {
        "client_encoding",
        "currentSchema",
        "gsslib",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "load_balance_hosts",
        "options",
        "prepareThreshold",
        "replication",
        "require_auth",
        "requirepeer",
        "schema",
        "search_path",
        "socket_timeout",
        "ssl_min_protocol_version",
        "sslaccept",
        "sslcertmode",
        "sslcompression",
        "sslidentity",
        "sslnegotiation",
        "statement_cache_size",
        "statement_timeout",
        "tcp_user_timeout",
    }
)


class DsnError(ValueError):
    """The string cannot be used. ``field`` is the part of `Dsn` at fault, or "dsn" for the whole."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Dsn:
    """What a connection string says; None where it says nothing. ``connect_timeout`` is in seconds."""

    host: str
    port: int = DEFAULT_PORT
    database: str
    user: str
    password: str = field(default="", repr=False)
    sslmode: str | None = None
    connect_timeout: int | None = None
    pooled: bool | None = None

    def fields(self) -> dict[str, str | int]:
        """What it says but for the password, by the names of a connection's fields."""
        said: dict[str, str | int | None] = {
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "username": self.user,
            "sslmode": self.sslmode,
            "connect_timeout": self.connect_timeout,
            "pooled": self.pooled,
        }
        return {name: value for name, value in said.items() if value is not None}


def looks_like_one(text: str) -> bool:
    """Whether somebody meant a connection string, right or wrong, and not the name of a connection."""
    return "://" in text or _PAIRS_BEGIN.match(text.strip()) is not None


def parse(text: str) -> Dsn:
    """The fields of a connection string; raises `DsnError`. The database defaults to the user."""
    text = text.strip()
    if not text:
        raise DsnError("dsn", "Paste a URL that begins with postgresql://.")
    if len(text) > MAX_LENGTH:
        raise DsnError("dsn", f"Keep the URL within {MAX_LENGTH} characters.")
    _ruled("dsn", rules.printable, text)
    if url := _URL.match(text):
        return _fields(_options_of_url(text[url.end() :]))
    if _PAIRS_BEGIN.match(text):
        return _fields(_options_of_pairs(text))
    raise DsnError("dsn", "Paste only the URL itself: it must begin with postgresql:// or postgres://.")


def build(dsn: Dsn) -> str:
    """The URL that `parse` turns into the same fields."""
    secret = f":{_quote(dsn.password)}" if dsn.password else ""
    host = f"[{dsn.host}]" if ":" in dsn.host else dsn.host
    options = {
        "sslmode": dsn.sslmode,
        "connect_timeout": dsn.connect_timeout,
        "pgbouncer": None if dsn.pooled is None else str(dsn.pooled).lower(),
    }
    query = urlencode({name: value for name, value in options.items() if value is not None})
    address = f"postgresql://{_quote(dsn.user)}{secret}@{host}:{dsn.port}/{_quote(dsn.database)}"
    return f"{address}?{query}" if query else address


class _Options(dict[str, str]):
    """The options of a string by libpq's names; each may be given once."""

    def put(self, name: str, value: str) -> None:
        if name in self:
            known = name in _PART_OF_OPTION or name in _HARMLESS
            what = f"{name} is given" if known else "An option is given"
            raise DsnError(_PART_OF_OPTION.get(name, "dsn"), f"{what} twice. Keep one of them.")
        self[name] = value


def _options_of_url(rest: str) -> _Options:
    authority, tail = _split_before(rest, "/?")
    if "@" in tail:
        raise DsnError(
            "password",
            "There is an @ after the host. In a password write %40 for @, %2F for / and %3F for ?.",
        )
    account, _, place = authority.rpartition("@")
    path, _, query = tail.partition("?")
    user, _, password = account.partition(":")
    host, port = _split_place(place)
    options = _Options()
    for name, raw in (
        ("user", user),
        ("password", password),
        ("host", host),
        ("port", port),
        ("dbname", path.removeprefix("/")),
    ):
        if raw:
            options.put(name, _decode(_PART_OF_OPTION[name], raw))
    for pair in filter(None, query.split("&")):
        name, equals, raw = pair.partition("=")
        if not equals:
            raise DsnError("dsn", "An option in the URL has no value. Write it as name=value or remove it.")
        options.put(*_as_libpq(_decode("dsn", name), _decode("dsn", raw)))
    return options


def _split_before(text: str, marks: str) -> tuple[str, str]:
    end = min((text.find(mark) for mark in marks if mark in text), default=len(text))
    return text[:end], text[end:]


def _split_place(place: str) -> tuple[str, str]:
    if "," in place:
        raise DsnError("host", "Give one host. Add a connection for each of the others.")
    if place.startswith("["):
        host, bracket, port = place.rpartition("]")
        if not bracket or (port and not port.startswith(":")):
            raise DsnError(
                "host", "Write an IPv6 address as [2001:db8::1], with the port after it: [2001:db8::1]:5432."
            )
        return host + bracket, port[1:]
    if place.count(":") > 1:
        raise DsnError("host", "Put an IPv6 address into brackets, as in [2001:db8::1]:5432.")
    host, _, port = place.partition(":")
    return host, port


def _as_libpq(name: str, value: str) -> tuple[str, str]:
    return ("sslmode", "require") if (name, value) == ("ssl", "true") else (name, value)


def _options_of_pairs(text: str) -> _Options:
    options = _Options()
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if not pair:
            raise DsnError(
                "dsn", "Write it as name=value pairs; put a value with spaces into 'single quotes'."
            )
        name, quoted, bare = pair.groups()
        options.put(name, re.sub(r"\\(.)", r"\1", bare if quoted is None else quoted))
        at = pair.end()
    return options


def _fields(options: _Options) -> Dsn:
    for number, (name, value) in enumerate(options.items(), start=1):
        _refuse_unless_understood(name, value, number)
    if not options.get("user"):
        raise DsnError("user", "The user is missing: postgresql://user:password@host/database.")
    if not options.get("host"):
        raise DsnError("host", "The host is missing: postgresql://user:password@host/database.")
    timeout = options.get("connect_timeout")
    return Dsn(
        host=_ruled("host", rules.host, options["host"]),
        port=_ruled("port", rules.port, options.get("port", str(DEFAULT_PORT))),
        database=_ruled("database", rules.database, options.get("dbname") or options["user"]),
        user=_ruled("user", rules.username, options["user"]),
        password=_ruled("password", rules.password, options.get("password", "")),
        sslmode=_sslmode(options),
        connect_timeout=None
        if timeout is None
        else _ruled("connect_timeout", rules.connect_timeout, timeout),
        pooled=_pooled(options),
    )


def _sslmode(options: _Options) -> str | None:
    mode = options.get("sslmode")
    if mode is not None and mode not in SSL_MODES:
        raise DsnError("sslmode", f"sslmode must be one of {', '.join(SSL_MODES)}.")
    if options.get("channel_binding") != "require":
        return mode
    if mode == "disable":
        raise DsnError("sslmode", "channel_binding=require needs TLS. Remove it, or sslmode=disable.")
    # The driver binds no channels. This keeps the same promise: nobody stands in between.
    return "verify-full"


def _pooled(options: _Options) -> bool | None:
    said = options.get("pgbouncer")
    if said not in (None, "true", "false"):
        raise DsnError("pooled", "pgbouncer must be true or false.")
    return None if said is None else said == "true"


def _refuse_unless_understood(name: str, value: str, number: int) -> None:
    if name in _PART_OF_OPTION:
        return
    if name in _NAMES_A_FILE:
        raise DsnError(
            "dsn",
            f"{name} names a file, and files of this machine are not read. Remove it from the URL; "
            "paste the text of a certificate or key into its field of the form.",
        )
    if name in _HARMLESS and (_HARMLESS[name] is None or value in (_HARMLESS[name] or ())):
        return
    if name in _UNSUPPORTED:
        raise DsnError("dsn", _UNSUPPORTED[name])
    known = "An option of the URL"
    if name in _HARMLESS:
        known = f"{name} with this value"
    elif name in _MAY_BE_NAMED:
        known = name
    raise DsnError(
        "dsn",
        f"{known} is not supported (part {number} of the string). Remove it; "
        f"these are understood: {', '.join(_PART_OF_OPTION)}.",
    )


def _decode(part: str, raw: str) -> str:
    if _BAD_PERCENT.search(raw):
        raise DsnError(part, "A % must be followed by two hexadecimal digits. Write %25 for % itself.")
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError:
        raise DsnError(
            part, "The bytes behind the % signs are not UTF-8. Write the text itself instead."
        ) from None


def _ruled(part: str, rule: Callable[[str], Value], text: str) -> Value:
    try:
        return rule(text)
    except rules.Refused as refusal:
        raise DsnError(part, str(refusal)) from None


def _quote(text: str) -> str:
    return quote(text, safe="")
