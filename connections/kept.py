"""When a stored password may be kept.

Whoever may edit a connection must not be able to have its password sent to a server of their own, nor to one
that is checked less than when the password was given.
"""

from collections.abc import Collection

from connections.models import Connection, SslMode

_AGAIN = "Enter the password again, or tick its removal: the stored one"
OTHER_SERVER = f"{_AGAIN} belongs to the host and port that it was saved for."
WEAKER_TLS = f"{_AGAIN} was saved for a stricter TLS mode, and this one protects it less."
OTHER_AUTHORITY = f"{_AGAIN} was saved for servers that the certificate authority of that time vouches for."


def why_not(stored: Connection, changed: Collection[str], sslmode: str) -> str:
    """Why the stored password cannot be kept when these fields change and this mode comes; "" when it can."""
    if {"host", "port"} & set(changed):
        return OTHER_SERVER
    if _strictness(sslmode) < _strictness(stored.sslmode):
        return WEAKER_TLS
    if "sslrootcert" in changed and _checks_who_answers(stored):
        return OTHER_AUTHORITY
    return ""


def _strictness(sslmode: str) -> int:
    return SslMode.values.index(sslmode)


def _checks_who_answers(connection: Connection) -> bool:
    # As in libpq, require checks the certificate too once there is an authority to check it against.
    verifying = _strictness(connection.sslmode) >= _strictness(SslMode.VERIFY_CA)
    return verifying or (connection.sslmode == SslMode.REQUIRE and bool(connection.sslrootcert))
