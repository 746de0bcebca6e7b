"""What the Runs page shows: the runs that its address asks for, newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.http import QueryDict

from connections.models import Connection
from probes.addresses import Chip, link, without
from probes.history import Refused
from probes.listing import number_the_name
from probes.models import Kind, Run

PAGE = 50
CHOICES = {"kind": Kind.choices, "state": Run.State.choices, "source": Run.Source.choices}
"""By the parameter of the address, what a run can be chosen by."""
FILTERS = (*CHOICES, "connection")


@dataclass(frozen=True, kw_only=True)
class Logbook:
    """One page of the list. Addresses are relative; ``newer`` and ``older`` are "" where the list ends."""

    runs: Sequence[Run]
    connection: Connection | None
    chips: Sequence[Chip]
    address: str
    first: str
    newer: str
    older: str
    is_newest: bool

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        """A connection that is asked for by its name is in ``query`` by its number afterwards. Raises `Refused`."""
        number_the_name(query)
        wanted = {name: _choice(query, name) for name in CHOICES}
        connection = _connection(query.getlist("connection"))
        found = Run.objects.filter(**{name: value for name, value in wanted.items() if value})
        if connection:
            found = found.of_connection(connection.pk)
        before, after = _place(query, "before"), _place(query, "after")
        if before and after:
            raise Refused("A page begins either before or after a run, not both.")
        found = found.select_related("requested_by").newest_first()
        if after:
            nearest = list(found.newer_than(after).reverse()[: PAGE + 1])
            runs, newer, older = nearest[:PAGE][::-1], len(nearest) > PAGE, True
        else:
            nearest = list((found.older_than(before) if before else found)[: PAGE + 1])
            runs, newer, older = nearest[:PAGE], before is not None, len(nearest) > PAGE
        shared = without(query, "before", "after")
        return cls(
            runs=runs,
            connection=connection,
            chips=_chips(shared, wanted, connection),
            address=link(without(query)),
            first=link(shared),
            newer=link(shared, after=str(runs[0].pk)) if newer and runs else "",
            older=link(shared, before=str(runs[-1].pk)) if older and runs else "",
            is_newest=not before and not after,
        )


def _choice(query: QueryDict, name: str) -> str:
    value = query.get(name, "").strip()
    known = [choice for choice, _ in CHOICES[name]]
    if value and value not in known:
        raise Refused(f"There is no such {name}; choose one of {', '.join(known)}.")
    return value


def _connection(numbers: Sequence[str]) -> Connection | None:
    """The one that was asked for last."""
    text = numbers[-1] if numbers else ""
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    found = Connection.objects.filter(pk=number).first()
    if found is None:
        raise Refused("There is no such connection; it may have been deleted.")
    return found


def _place(query: QueryDict, name: str) -> Run | None:
    text = query.get(name, "").strip()
    try:
        found = Run.objects.filter(pk=UUID(text)).first() if text else None
    except ValueError:
        found = None
    if text and found is None:
        raise Refused("This place in the list is not there any more; begin at the newest runs.")
    return found


def _chips(shared: QueryDict, wanted: dict[str, str], connection: Connection | None) -> list[Chip]:
    words: dict[str, Any] = {name: dict(CHOICES[name]).get(value, "") for name, value in wanted.items()}
    words["connection"] = connection.name if connection else ""
    return [Chip(f"{name}: {words[name]}", link(without(shared, name))) for name in FILTERS if words[name]]
