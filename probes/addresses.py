"""Addresses of lists: the same page with one parameter more, less or other."""

from dataclasses import dataclass

from django.http import QueryDict


@dataclass(frozen=True)
class Chip:
    """One filter in words, and the address without it."""

    text: str
    without: str


def without(query: QueryDict, *names: str) -> QueryDict:
    """A copy without these parameters and without empty ones."""
    left = query.copy()
    for name, values in query.lists():
        if name in names or not any(values):
            del left[name]
    return left


def link(query: QueryDict, **values: str) -> str:
    """The relative address of a page with these parameters, some of them set anew."""
    changed = query.copy()
    for name, value in values.items():
        changed[name] = value
    return f"?{changed.urlencode()}"
