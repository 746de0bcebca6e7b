"""The only place that seals and opens secrets.

``settings.VAULT_KEYS`` holds Fernet keys: the first one seals, every one opens. A sealed text is
``<fingerprint of its key>.<Fernet token>``, so that a missing key can be named in an error and rotation
knows what is left to do without opening anything.

    VaultError
    ├── NoKey           nothing can be sealed or opened: no usable key is configured
    └── Unreadable      this sealed text cannot be opened; the message says why and what to do
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.checks import CheckMessage, Error

HOW_TO_MAKE_A_KEY = (
    "Make one with: python -c "
    "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())' "
    "and set it as MERIDIAN_VAULT_KEYS. Keep it safe: without it stored passwords cannot be opened."
)


FINGERPRINT_LENGTH = 8
_FINGERPRINT = re.compile(rf"[0-9a-f]{{{FINGERPRINT_LENGTH}}}")


class VaultError(Exception):
    """A secret could not be sealed or opened."""


class NoKey(VaultError):
    """No usable key is configured."""


class Unreadable(VaultError):
    """A sealed text cannot be opened with the keys that are configured."""


def seal(text: str) -> str:
    """The text sealed with the first key; sealing the same text twice gives two different results."""
    return f"{fingerprint(_keys()[0])}.{_fernets(_keys()).encrypt(text.encode()).decode()}"


def open_sealed(token: str) -> str:
    """The text that was sealed. Raises `Unreadable` or `NoKey`; never returns anything else."""
    keys = _keys()
    sealed_by, _, body = token.partition(".")
    try:
        return _fernets(keys).decrypt(body).decode()
    except (InvalidToken, ValueError):
        raise Unreadable(_why_unreadable(sealed_by, keys)) from None


def rotate(token: str) -> str:
    """The same secret sealed with the first key; unchanged when it already is."""
    return token if is_current(token) else seal(open_sealed(token))


def is_current(token: str) -> bool:
    """Whether the first key sealed it."""
    return token.startswith(current_prefix())


def current_prefix() -> str:
    """How everything that the first key sealed begins."""
    return f"{fingerprint(_keys()[0])}."


def fingerprint(key: str) -> str:
    """Eight hexadecimal digits that name a key and tell nothing about it."""
    return sha256(key.encode()).hexdigest()[:FINGERPRINT_LENGTH]


def require_keys() -> None:
    """Raises `NoKey` when no key is configured or one is malformed. For processes that run no checks."""
    if problems := _problems(settings.VAULT_KEYS):
        raise NoKey(f"{problems[0]} {HOW_TO_MAKE_A_KEY}")


def check_keys(**_: Any) -> list[CheckMessage]:
    """Django's system check: no start without usable keys."""
    return [
        Error(problem, hint=HOW_TO_MAKE_A_KEY, id="connections.E001")
        for problem in _problems(settings.VAULT_KEYS)
    ]


def _problems(keys: Sequence[str]) -> list[str]:
    if not keys:
        return ["There is no key to seal passwords with (MERIDIAN_VAULT_KEYS is empty)."]
    return [
        f"Key {number} of {len(keys)} in MERIDIAN_VAULT_KEYS is not a key: "
        "it must be 32 random bytes in URL-safe base64."
        for number, key in enumerate(keys, start=1)
        if not _is_key(key)
    ]


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _keys() -> tuple[str, ...]:
    require_keys()
    return tuple(settings.VAULT_KEYS)


@lru_cache(maxsize=4)
def _fernets(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _why_unreadable(sealed_by: str, keys: Sequence[str]) -> str:
    known = [fingerprint(key) for key in keys]
    if sealed_by in known or not _FINGERPRINT.fullmatch(sealed_by):
        return "A stored secret is damaged and cannot be opened. Enter it again."
    return (
        f"A stored secret was sealed with key {sealed_by}, which is not in MERIDIAN_VAULT_KEYS "
        f"(it has {', '.join(known)}). Put that key back at the end of the list, or enter the secret again."
    )
