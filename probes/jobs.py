"""The sealed job: everything a worker pool needs for a batch of probes, readable only with the vault's key.

A pool has no database, so the job carries its endpoints; the broker sees one opaque token. The seal also
authenticates: whoever can write to the broker but lacks the key cannot make a pool connect anywhere.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self, cast
from uuid import UUID

from connections import vault
from connections.models import Connection
from probes.engine.endpoint import Endpoint, SslMode
from probes.engine.outcome import Kind
from probes.switches import SYSTEM, Asker


class Unopened(Exception):
    """A sealed job cannot be opened here; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """``key`` is the connection's id; a trial of unsaved fields has one target with key 0. ``region`` is a code or "".

    ``database`` is what `database_of` or `database_at` says.
    """

    key: int
    endpoint: Endpoint
    database: str
    region: str = ""


@dataclass(frozen=True, kw_only=True)
class SealedJob:
    """One message: probes of one kind, of one run, from one vantage. ``published_at`` tells the time on the queue.

    ``asker`` is whom the worker asks the switches about, and ``everything`` whether all connections at once are meant.
    """

    id: UUID
    run_id: UUID
    kind: Kind
    vantage: str
    params: Mapping[str, Any]
    published_at: datetime
    targets: tuple[Target, ...]
    asker: Asker = SYSTEM
    everything: bool = False

    def seal(self) -> str:
        data = asdict(self)
        data["published_at"] = self.published_at.isoformat()
        return vault.seal(json.dumps(data, default=str))

    @classmethod
    def unseal(cls, token: str) -> Self:
        """Raises `Unopened` when no key of ours made it, or another version did."""
        try:
            return cls._of(json.loads(vault.open_sealed(token)))
        except vault.VaultError as error:
            raise Unopened(str(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise Unopened(
                "Another version of Meridian sealed it. Let the same version run everywhere."
            ) from error

    @classmethod
    def _of(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "id": UUID(data["id"]),
                "run_id": UUID(data["run_id"]),
                "published_at": datetime.fromisoformat(data["published_at"]),
                "targets": tuple(
                    Target(**{**target, "endpoint": Endpoint(**target["endpoint"])})
                    for target in data["targets"]
                ),
                "asker": Asker(**data["asker"]),
            }
        )


def endpoint_of(connection: Connection, vantage: str) -> Endpoint:
    """Opens the connection's secrets. Raises `vault.Unreadable` when its key is gone."""
    return Endpoint(
        host=connection.host,
        port=connection.port,
        database=connection.database,
        user=connection.username,
        password=connection.open_password(),
        sslmode=cast(SslMode, connection.sslmode),
        sslrootcert=connection.sslrootcert,
        sslcert=connection.sslcert,
        sslkey=connection.open_sslkey(),
        connect_timeout=float(connection.connect_timeout),
        pooled=connection.pooled,
        application_name=f"meridian/{vantage}",
    )


def database_of(connection: Connection) -> str:
    """What tells its database from others. A pooled twin is another way to the database of the direct one."""
    direct = connection.twin if connection.pooled and connection.twin else connection
    return database_at(direct)


def database_at(place: Connection | Endpoint) -> str:
    return f"{place.host.casefold()}\n{place.port}\n{place.database}"
