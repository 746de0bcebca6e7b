"""Errors by their cause, and what a code means."""

from collections.abc import Iterator

from assistant.evidence.fleet import Fleet, counted, page, result_page
from assistant.facts import Fact
from probes import history
from probes.engine.errors import HINTS, OURS
from probes.history import Window


def causes(fleet: Fleet, window: Window) -> Iterator[Fact]:
    """The most frequent first, each with the newest result that shows it."""
    found = history.causes_of(window, connection_ids=fleet.connections)
    if not found:
        address = page("history", outcome="failed", window=window.name)
        yield Fact.of(f"Nothing failed {window.phrase}.", url=address)
    for one in found:
        yield Fact.of(
            f"{one.error_code} in the phase {one.error_phase}: ",
            *counted(one.failures, "failure"),
            " of ",
            *counted(one.connections, "connection"),
            f" {window.phrase}, the first ",
            one.first,
            ", the last ",
            one.last,
            " on ",
            fleet.name(one.connection_id),
            f" from {one.vantage}.",
            " This is our own side's and says nothing about a database." if one.ours else "",
            url=result_page(one.connection_id, one.run_id, one.vantage),
            name=fleet.name(one.connection_id),
        )


def explanation(code: str) -> Fact:
    """What an error code of ours means and what to do; says so when there is no such code."""
    if code not in HINTS:
        return Fact.of("There is no such error code.", url=page("history", outcome="failed"))
    whose = "our own side, not the database" if code in OURS else "the database or the way to it"
    return Fact.of(f"{code} blames {whose}. {HINTS[code]}", url=page("history", error=code))
