"""The report that needs no model: the same facts that a model is briefed with, for people to read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Self

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from assistant.evidence.fleet import Fleet
from assistant.evidence.reading import read_only
from assistant.evidence.report import Section, of_connection, of_fleet
from assistant.facts import Fact, Figure, Part, Quoted
from assistant.privacy import PERSON, reader_for_model
from assistant.redact import Redactor
from probes.states import State

MOST_LINES = 5
MOST_QUESTIONS = 5


@dataclass(frozen=True)
class Passage:
    """A section as it is read; ``more`` says that not all of it is shown."""

    title: str
    lines: Sequence[SafeString]
    nothing: str
    more: bool

    @classmethod
    def of(cls, section: Section) -> Self:
        facts = list(islice(section.read(), MOST_LINES + 1))
        lines = [line(fact) for fact in facts[:MOST_LINES]]
        return cls(section.title, lines, section.nothing, len(facts) > MOST_LINES)


@dataclass(frozen=True)
class Report:
    """``questions`` are those that somebody may want to ask next."""

    at: datetime
    passages: Sequence[Passage]
    questions: Sequence[str]


def report(pk: int | None = None) -> Report:
    """On the fleet, or on one connection. Raises `history.Refused` when it takes too long, KeyError for a stranger."""
    with read_only():
        fleet = Fleet.seen(PERSON)
        sections = of_fleet(fleet) if pk is None else of_connection(fleet, pk)
        passages = [Passage.of(section) for section in sections]
        # A question goes to the model as it stands here.
        asker = replace(fleet, redact=Redactor(reader_for_model()))
        asked = _of_fleet(asker) if pk is None else _of_connection(asker.name(pk).text)
        told = [one for one in passages if one.lines or one.nothing]
        return Report(fleet.now, told, list(islice(asked, MOST_QUESTIONS)))


def line(fact: Fact) -> SafeString:
    """A fact as HTML: whatever it shows leads to the page where it was measured."""
    url = fact.reference.url
    figures = any(isinstance(part, Figure) for part in fact.parts)
    words = format_html_join("", "{}", ((_part(part, url),) for part in fact.parts))
    return words if figures else format_html('{} <a href="{}">Show</a>', words, url)


def _part(part: Part, url: str) -> SafeString | str:
    match part:
        case Figure():
            return format_html('<a class="told-figure" href="{}">{}</a>', url, str(part))
        case Quoted():
            return format_html('<bdi class="quoted">{}</bdi>', part.text)
        case datetime():
            return format_html(
                '<time datetime="{}">{}</time>', part.isoformat(), f"{part:%a %Y-%m-%d %H:%M} UTC"
            )
        case _:
            return part


def _of_fleet(fleet: Fleet) -> Iterator[str]:
    for state, word in ((State.UNHEALTHY, "down"), (State.SLOW, "slow")):
        yield from (
            f"Why is {name} {word}, and since when?" for name in _names(fleet, fleet.in_state(state)[:2])
        )
    yield "What changed this week?"
    yield "Which databases need attention, and why?"
    yield "How do the regions compare?"


def _names(fleet: Fleet, ids: Iterable[int]) -> Iterator[str]:
    return (fleet.name(pk).text for pk in ids)


def _of_connection(name: str) -> Iterator[str]:
    yield f"What changed on {name} this week?"
    yield f"Where does the time of {name} go?"
    yield f"How healthy is {name}?"
    yield f"Which statements take the most time on {name}?"
