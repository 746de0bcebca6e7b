"""What a field of a connection may hold: one place for the form, the URL, the admin and the importers.

Each rule takes what was typed and returns its normal form, or raises `Refused` with a sentence that says
what to do. No message repeats the value, because a mistyped URL can put a password anywhere.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address

MAX_NAME_BYTES = 63
MAX_HOST_LENGTH = 253
MAX_PASSWORD_LENGTH = 4096

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# The two generations of IDNA send names with these letters to different servers.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")
# Fillers and blanks that Unicode counts among letters and signs, and what it keeps for formats to come.
_UNSEEN = re.compile("[\u115f\u1160\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff]")
_IN_HOSTS_BY_MISTAKE = {
    "://": "This is a whole URL. Paste it into the URL box, or keep only the host name.",
    "/": "A host name has no path. Unix sockets are not supported: use a host name or an IP address.",
    "\\": "A host name has no backslash. Enter a host name or an IP address.",
    ",": "Enter one host. Add a connection for each of the others.",
    "@": "Leave user and password out of the host: they have their own fields.",
    "%": "A host name has no percent sign. Leave out the zone of an IPv6 address.",
}


class Refused(ValueError):
    """The value cannot be used; the message says what to do."""


def name(text: str) -> str:
    """The name of a connection: in any script, but something of it must be seen in a list."""
    text = _short(text, "Give the connection a name.")
    if not any(_is_seen(character) for character in text):
        raise Refused("Give the connection a name that can be seen, with a letter, a digit or an emoji.")
    return text


def database(text: str) -> str:
    return _short(text, "Enter the name of the database.")


def username(text: str) -> str:
    return _short(text, "Enter the user to sign in as.")


def password(text: str) -> str:
    """Any text on one line; spaces count."""
    if len(text) > MAX_PASSWORD_LENGTH:
        raise Refused(f"Keep the password within {MAX_PASSWORD_LENGTH} characters.")
    return printable(text)


def tag(text: str) -> str:
    if len(text) > 32:
        raise Refused("Keep each tag within 32 characters.")
    return printable(text)


def port(text: str | int) -> int:
    """A TCP port, 1 to 65535."""
    return _whole(text, 1, 65535, "Enter a port from 1 to 65535; PostgreSQL's own is 5432.")


def connect_timeout(text: str | int) -> int:
    """Seconds, 1 to 60."""
    return _whole(text, 1, 60, "Enter a time limit from 1 to 60 seconds.")


def host(text: str) -> str:
    """A host name in lower case ASCII, or an IP address in its shortest form."""
    text = printable(text.strip())
    if not text:
        raise Refused("Enter the host name or the IP address.")
    for mark, message in _IN_HOSTS_BY_MISTAKE.items():
        if mark in text:
            raise Refused(message)
    if any(character.isspace() for character in text):
        raise Refused("Remove the spaces from the host name.")
    if ":" in text or text.startswith("["):
        return _ipv6(text)
    labels = _ascii(text).lower().removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(".".join(labels))
    return _dns_name(labels)


def printable(text: str) -> str:
    """Text without NUL, control characters, line breaks or broken Unicode."""
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            raise Refused("Remove the line breaks and control characters: they cannot be part of this.")
    return text


def _short(text: str, when_empty: str) -> str:
    if not text.strip():
        raise Refused(when_empty)
    printable(text)
    if len(text.encode()) > MAX_NAME_BYTES:
        raise Refused(
            f"Keep it within {MAX_NAME_BYTES} bytes (a letter with an accent counts 2, an emoji 4)."
        )
    return text


def _is_seen(character: str) -> bool:
    # Not by a list of what is seen: emoji younger than Python's tables count as unassigned there.
    category = unicodedata.category(character)
    return category[0] not in "MZ" and category not in {"Cc", "Cf", "Cs"} and not _UNSEEN.fullmatch(character)


def _whole(text: str | int, low: int, high: int, message: str) -> int:
    digits = str(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and low <= int(digits) <= high):
        raise Refused(message)
    return int(digits)


def _ipv6(text: str) -> str:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(IPv6Address(bare))
    except AddressValueError:
        raise Refused(
            "This is not an IPv6 address. If a port follows the host, put it into its own field."
        ) from None


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise Refused(
            "This is not an IPv4 address: write four numbers from 0 to 255, as in 192.0.2.7."
        ) from None


def _ascii(text: str) -> str:
    if text.isascii():
        return text
    try:
        if _AMBIGUOUS & set(text):
            raise UnicodeError
        return text.encode("idna").decode()
    except UnicodeError:
        raise Refused("Write this host name in its ASCII form (xn--…).") from None


def _dns_name(labels: list[str]) -> str:
    joined = ".".join(labels)
    if len(joined) > MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(
            "This is not a host name. Use letters, digits, hyphens and dots, at most 63 between dots."
        )
    return joined


OF_FIELD: Mapping[str, Callable[[str], str]] = {
    "name": name,
    "host": host,
    "database": database,
    "username": username,
}
