"""The server's TLS certificate, read once for every kind of probe, from whatever bytes the server sent."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from cryptography import x509

from probes.engine.errors import clean

MAX_NAMES = 25
"""Host names and addresses kept of a certificate that may hold thousands."""

_MAX_NAME = 253
_MAX_SUBJECT = 200

_UNREADABLE = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a server showed of itself. Texts are untrusted but cleaned; what cannot be read is empty or None.

    ``names`` are those that it is valid for; ``names_left_out`` is how many more there are. ``self_signed`` is whether
    it names itself as its issuer. ``verified`` is whether the TLS mode had its signature checked, and it passed.
    """

    subject: str = ""
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    names: list[str] = field(default_factory=list)
    names_left_out: int = 0
    self_signed: bool = False
    verified: bool

    @classmethod
    def read(cls, der: bytes, *, verified: bool) -> Self:
        """Never raises: a server may send anything that its TLS library lets pass."""
        with warnings.catch_warnings():
            # Each oddity would be a line in the worker's log.
            warnings.simplefilter("ignore")
            found = _tried(lambda: x509.load_der_x509_certificate(der), None)
            if found is None:
                return cls(verified=verified)
            names = _names(found)
            return cls(
                subject=_tried(lambda: clean(found.subject.rfc4514_string(), _MAX_SUBJECT), ""),
                issuer=_tried(lambda: clean(found.issuer.rfc4514_string(), _MAX_SUBJECT), ""),
                not_before=_tried(lambda: found.not_valid_before_utc, None),
                not_after=_tried(lambda: found.not_valid_after_utc, None),
                names=[clean(name, _MAX_NAME) for name in names[:MAX_NAMES]],
                names_left_out=max(len(names) - MAX_NAMES, 0),
                self_signed=_tried(lambda: found.subject == found.issuer, False),
                verified=verified,
            )

    def days_left(self, now: datetime) -> float | None:
        """Negative once it has expired."""
        if self.not_after is None:
            return None
        return round((self.not_after - now).total_seconds() / 86_400, 1)

    def as_dict(self, *, pooler: bool) -> dict[str, Any]:
        """Plain JSON types; times are ISO. ``pooler`` is whether it is a pooler's and not the server's."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "not_after": self.not_after.isoformat() if self.not_after else None,
            "days_left": self.days_left(datetime.now(UTC)),
            "names": self.names,
            "names_left_out": self.names_left_out,
            "self_signed": self.self_signed,
            "verified": self.verified,
            "pooler": pooler,
        }


def _names(found: x509.Certificate) -> list[str]:
    """The alternative names; without any the common name counts, as it does when a name is verified."""
    return _tried(lambda: _alternatives(found), []) or _tried(lambda: _common(found), [])


def _alternatives(found: x509.Certificate) -> list[str]:
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [
        *names.get_values_for_type(x509.DNSName),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    ]


def _common(found: x509.Certificate) -> list[str]:
    return [str(one.value) for one in found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]


def _tried(read: Callable[[], Read], otherwise: Read) -> Read:
    """Each part is read when it is asked for, and a broken one leaves the others."""
    try:
        return read()
    except _UNREADABLE:
        return otherwise
