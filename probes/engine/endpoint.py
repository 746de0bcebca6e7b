"""Where a probe goes: the one description of a PostgreSQL server that the engine accepts."""

from dataclasses import dataclass, field
from typing import Literal, get_args

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
SSL_MODES: tuple[SslMode, ...] = get_args(SslMode)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A PostgreSQL server and how to sign in to it.

    ``sslrootcert``, ``sslcert`` and ``sslkey`` hold PEM text, never a path. ``connect_timeout`` is in
    seconds and is the deadline of a whole connection probe: name, TCP, TLS, authentication and query,
    with what is computed meanwhile.
    ``application_name`` is what the server's own administrator sees.
    """

    host: str
    port: int = 5432
    database: str
    user: str
    password: str = field(default="", repr=False)
    sslmode: SslMode = "prefer"
    sslrootcert: str = field(default="", repr=False)
    sslcert: str = field(default="", repr=False)
    sslkey: str = field(default="", repr=False)
    connect_timeout: float = 10.0
    pooled: bool = False
    application_name: str = "meridian/home"
