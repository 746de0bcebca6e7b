"""A place in the list of checks, as an address carries it: opaque to people, checked when it comes back."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID

from probes.history.refusals import Refused
from probes.models import Result

LONGEST = 300
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Later than any clock, with room to count in after it."""
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cursor:
    """The key of one result, in the order of the list."""

    issued_at: datetime
    run_id: UUID
    connection_id: int
    vantage: str

    @classmethod
    def at(cls, result: Result) -> Self:
        return cls(result.issued_at, result.run_id, result.connection_id, result.vantage)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `Refused` for anything that `str` of a cursor did not write."""
        try:
            decoded = base64.b64decode(text[:LONGEST] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            micros, run, connection, vantage = json.loads(decoded)
            if type(micros) is not int or type(connection) is not int or type(vantage) is not str:
                raise ValueError("a part is of another kind")
            at = _EPOCH + micros * _MICROSECOND
            if not _EPOCH <= at <= _LATEST or not 0 < connection < 2**63:
                raise ValueError("a part is out of range")
            if not vantage.isprintable() or len(vantage) > 32:
                raise ValueError("the vantage is none")
            return cls(at, UUID(run), connection, vantage)
        except (
            ValueError,
            TypeError,
            AttributeError,
            OverflowError,
            RecursionError,
            binascii.Error,
        ) as error:
            raise Refused("This place in the list is not a valid one; begin at the newest checks.") from error

    def __str__(self) -> str:
        micros = (self.issued_at - _EPOCH) // _MICROSECOND
        parts = json.dumps([micros, self.run_id.hex, self.connection_id, self.vantage], separators=(",", ":"))
        return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")

    @property
    def key(self) -> tuple[datetime, UUID, int, str]:
        return self.issued_at, self.run_id, self.connection_id, self.vantage
