"""Which of the three editions of the history is possible on this server, and which is set up."""

from dataclasses import dataclass
from enum import Enum

from django.db import connection

from probes.history.statements import digest_of_aggregate, statement


class Edition(Enum):
    PLAIN = "PostgreSQL without TimescaleDB"
    APACHE = "TimescaleDB, Apache edition"
    COMMUNITY = "TimescaleDB, community edition"


@dataclass(frozen=True)
class Layout:
    """``edition`` and ``version`` are what the server offers; ``hypertable`` and ``aggregate`` what is in use of it.

    An ``outdated`` aggregate counts by what another version of Meridian thought an hour to be.
    """

    edition: Edition
    version: str = ""
    hypertable: bool = False
    aggregate: bool = False
    outdated: bool = False

    @property
    def complete(self) -> bool:
        """Everything that the server offers is in use."""
        return self.edition is Edition.PLAIN or (
            self.hypertable and (self.edition is Edition.APACHE or (self.aggregate and not self.outdated))
        )


def look() -> Layout:
    with connection.cursor() as cursor:
        cursor.execute(statement("edition"))
        found = cursor.fetchone()
        if found is None:
            return Layout(Edition.PLAIN)
        version, licence = found
        cursor.execute(statement("layout"))
        hypertable, aggregate, digest = cursor.fetchone()
    edition = Edition.COMMUNITY if licence == "timescale" else Edition.APACHE
    outdated = aggregate and digest != digest_of_aggregate()
    return Layout(edition, version, hypertable, aggregate, outdated)
