"""Errors by their cause, and what a code means."""

from collections.abc import Iterator

from django.conf import settings

from assistant.evidence.fleet import Fleet, counted, page, result_page
from assistant.facts import Fact, Figure, Part
from probes import history
from probes.engine.errors import HINTS, OURS
from probes.history import Outage, Window
from probes.models import Kind


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


def outages(fleet: Fleet, pk: int) -> Iterator[Fact]:
    """The stretches of the last 30 days in which its connection tests from home failed, the newest first."""
    for one in history.outages_of(pk, fleet.now, kind=Kind.CONNECTION, vantage=settings.VANTAGE):
        yield Fact.of(
            fleet.name(pk),
            " was down from " if one.end else " has been down since ",
            *(["before "] if one.for_longer else []),
            one.start,
            *_until(one),
            ": ",
            *counted(one.failures, "connection test"),
            f" from {one.vantage} failed, the first with {one.error_code} in the phase {one.error_phase}.",
            url=result_page(pk, one.run_id, one.vantage),
            name=fleet.name(pk),
        )


def _until(one: Outage) -> list[Part]:
    if one.end is None:
        return []
    return [" to ", one.end, ", for ", Figure((one.end - one.start).total_seconds() * 1000, "ms")]


def explanation(code: str) -> Fact:
    """What an error code of ours means and what to do; says so when there is no such code."""
    if code not in HINTS:
        return Fact.of("There is no such error code.", url=page("history", outcome="failed"))
    whose = "our own side, not the database" if code in OURS else "the database or the way to it"
    return Fact.of(f"{code} blames {whose}. {HINTS[code]}", url=page("history", error=code))
