"""Keeps the keys that SCRAM derives from passwords, from one sign-in to the next.

Thousands of rounds of a digest are most of what a sign-in costs the client, and every probe of a database repeats
them with the same password, salt and count. RFC 5802 lets a client keep what comes out of them (section 3). asyncpg
has no place for that, but asks `hashlib` for them, and is given another one (docs/decisions/0013).
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from types import ModuleType

MOST_KEPT = 20_000
"""Keys of 32 bytes in one process, about 4 MB with what finds them: more than the databases of a large installation."""


class SaltedPasswords:
    """What was derived lately, found by a keyed digest: it keeps no password.

    ``account`` is whose sign-in is being answered. Without it, a server of somebody else's that replays an account's
    salt and count would learn from our haste whether a guess is its password.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.account = ""
        self._most = most
        self._secret = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def derive(
        self, hash_name: str, password: bytes, salt: bytes, iterations: int, dklen: int | None = None
    ) -> bytes:
        """As `hashlib.pbkdf2_hmac` does, at once if it was asked for this account before."""
        place = self._place(hash_name, password, salt, f"{iterations} {dklen}")
        key = self._kept.get(place)
        if key is None:
            key = self._kept[place] = hashlib.pbkdf2_hmac(hash_name, password, salt, iterations, dklen)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(place)
        return key

    def _place(self, hash_name: str, password: bytes, salt: bytes, figures: str) -> bytes:
        parts = (self.account.encode(), hash_name.encode(), password, salt, figures.encode())
        return hmac.digest(
            self._secret, b"".join(len(part).to_bytes(8, "big") + part for part in parts), "sha256"
        )


KEYS = SaltedPasswords()
"""Those of this process."""


def give_keys(driver: ModuleType, passwords: SaltedPasswords) -> None:
    """From now on the driver's module asks ``passwords``, and for everything else `hashlib` as before."""
    answering = ModuleType("hashlib")
    vars(answering).update(vars(hashlib), pbkdf2_hmac=passwords.derive)
    driver.hashlib = answering  # type: ignore[attr-defined]
