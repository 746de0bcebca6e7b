"""Which checks somebody wants to see: read from an address, and as SQL conditions on ``probes_result``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self
from uuid import UUID

from django.db.models import QuerySet

from connections.models import Connection, Provider, Region
from probes.history.measures import OURS
from probes.history.refusals import Refused
from probes.models import Kind

OUTCOMES: Mapping[str, str] = {"good": "Reached", "failed": "Failed", "ours": "Not tested"}
_OUTCOME_SQL = {"good": "ok", "failed": f"NOT ok AND NOT {OURS}", "ours": f"NOT ok AND {OURS}"}
_WORD = re.compile(r"[\w.-]{1,64}", re.ASCII)
MOST_CONNECTIONS = 10_000


class Query(Protocol):
    """An address's parameters; Django's ``QueryDict`` is one."""

    def get(self, name: str, default: str) -> str: ...

    def getlist(self, name: str) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What is empty filters nothing. ``outcome`` is one of `OUTCOMES`, ``region`` a region's code."""

    connections: tuple[int, ...] = ()
    region: str = ""
    provider: str = ""
    vantage: str = ""
    kind: str = ""
    outcome: str = ""
    error: str = ""
    run: str = ""

    @classmethod
    def asked(cls, query: Query) -> Self:
        """Raises `Refused` for what cannot be; ids of connections that are gone are no error."""
        region = _word(query, "region", "region")
        if region and not Region.objects.filter(code=region).exists():
            raise Refused("There is no such region.")
        return cls(
            connections=_ids(query.getlist("connection")),
            region=region,
            provider=_choice(query, "provider", Provider.values),
            vantage=_word(query, "vantage", "vantage"),
            kind=_choice(query, "kind", Kind.values),
            outcome=_choice(query, "outcome", list(OUTCOMES)),
            error=_word(query, "error", "error code"),
            run=_run(query.get("run", "").strip()),
        )

    @property
    def by_connection(self) -> bool:
        """Whether only some connections are wanted."""
        return bool(self.connections or self.region or self.provider)

    def wanted(self) -> QuerySet[Connection]:
        """Those of the connections that there are which are wanted."""
        wanted = Connection.objects.order_by("pk")
        if self.connections:
            wanted = wanted.filter(pk__in=self.connections)
        if self.region:
            wanted = wanted.filter(region__code=self.region)
        if self.provider:
            wanted = wanted.filter(provider=self.provider)
        return wanted

    def connection_ids(self) -> list[int]:
        return list(self.wanted().values_list("pk", flat=True))

    def conditions(self) -> tuple[list[str], dict[str, Any]]:
        """Everything but the connections, with named parameters."""
        found: list[str] = []
        parameters = {
            "vantage": self.vantage,
            "kind": self.kind,
            "error": self.error,
            "run": self.run,
        }
        if self.vantage:
            found.append("vantage = %(vantage)s")
        if self.kind:
            found.append("kind = %(kind)s")
        if self.outcome:
            found.append(_OUTCOME_SQL[self.outcome])
        if self.run:
            found.append("run_id = %(run)s::uuid")
        if self.error:
            found.append("NOT ok AND error_code = %(error)s")
        return found, parameters


def _ids(texts: list[str]) -> tuple[int, ...]:
    if len(texts) > MOST_CONNECTIONS:
        raise Refused(f"At most {MOST_CONNECTIONS:,} connections can be asked for at once.")
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts if text):
        raise Refused("A connection is asked for by its number.")
    return tuple(dict.fromkeys(int(text) for text in texts if text))


def _run(text: str) -> str:
    try:
        return str(UUID(text)) if text else ""
    except ValueError:
        raise Refused("That is no run.") from None


def _choice(query: Query, name: str, choices: list[str]) -> str:
    value = query.get(name, "").strip()
    if value and value not in choices:
        raise Refused(f"There is no such {name}; choose one of {', '.join(choices)}.")
    return value


def _word(query: Query, name: str, what: str) -> str:
    value = query.get(name, "").strip()
    if value and not _WORD.fullmatch(value):
        raise Refused(f"That is no {what}.")
    return value
