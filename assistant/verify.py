"""Whether an answer's figures were measured: each must be among those that its citations stand for."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from assistant.facts import Reference
from assistant.numerals import Numeral, numerals

Mark = Literal["text", "reference", "verified", "unverified"]

_LABEL = re.compile(r"\br\d{1,6}\b")
_CITATION = re.compile(r"\[\s*r\d{1,6}(?:\s*[,;]\s*r\d{1,6})*\s*\]")

Place = tuple[float, str]
"""A measured value, and the page that it belongs to."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an answer. ``url`` is set for references and for verified figures: where that was measured."""

    text: str
    kind: Mark = "text"
    url: str = ""


def cited(text: str, references: Mapping[str, Reference]) -> dict[str, Reference]:
    """Those of the references that a text cites, by label, in the order in which it does."""
    labels = (label for citation in _CITATION.findall(text) for label in _LABEL.findall(citation))
    return {label: references[label] for label in labels if label in references}


def linked(text: str, urls: Mapping[str, str]) -> list[Span]:
    """The text in stretches that make it up again, in order; a reference without a URL stays text."""
    return _whole(text, _links(text, urls))


class Evidence:
    """What an answer cites, which each of its passages is held against.

    ``references`` are those of the conversation, by label; a reference that is none of them stays text.
    """

    def __init__(self, answer: str, references: Mapping[str, Reference]) -> None:
        shown = cited(answer, references)
        self._urls = {label: one.url for label, one in shown.items()}
        self._measured = _measured(shown.values())
        lower = answer.lower()
        self._names = {one.about for one in references.values() if one.about and one.about.lower() in lower}

    def mark(self, passage: str) -> list[Span]:
        """The passage in stretches that make it up again, in order."""
        return _whole(passage, [*_links(passage, self._urls), *self._figures(passage)])

    def _figures(self, passage: str) -> Iterator[tuple[int, Span]]:
        without = _CITATION.sub(lambda found: "\0" * len(found[0]), passage)
        for found in numerals(without, self._names):
            url = self._url(found)
            kind: Mark = "verified" if url else "unverified"
            yield found.start, Span(passage[found.start : found.end], kind, url)

    def _url(self, found: Numeral) -> str:
        """Where it was measured, rounded by somebody to the digits that are written; "" for nowhere."""
        for unit, scale in found.readings:
            written, slack = found.value * scale, found.slack * scale
            places = self._measured.get(unit, [])
            after = bisect_left(places, (written, ""))
            for value, url in places[max(after - 1, 0) : after + 1]:
                if abs(value - written) <= slack * 1.0001 + 1e-9:
                    return url
        return ""


def _measured(shown: Iterable[Reference]) -> dict[str, list[Place]]:
    """Sorted by value, for each unit and for "", which is any."""
    found: dict[str, list[Place]] = {}
    for reference in shown:
        for figure in reference.figures:
            for unit in (figure.unit, ""):
                found.setdefault(unit, []).append((abs(figure.value), reference.url))
    return {unit: sorted(places) for unit, places in found.items()}


def _whole(text: str, marks: Iterable[tuple[int, Span]]) -> list[Span]:
    spans: list[Span] = []
    end = 0
    for start, span in sorted(marks, key=lambda one: one[0]):
        if start > end:
            spans.append(Span(text[end:start]))
        spans.append(span)
        end = start + len(span.text)
    return [*spans, Span(text[end:])] if end < len(text) else spans


def _links(text: str, urls: Mapping[str, str]) -> Iterator[tuple[int, Span]]:
    """A single reference with its brackets; several in one pair of brackets each without."""
    for citation in _CITATION.finditer(text):
        labels = list(_LABEL.finditer(citation[0]))
        for label in labels:
            if url := urls.get(label[0]):
                begin, until = (0, len(citation[0])) if len(labels) == 1 else label.span()
                yield citation.start() + begin, Span(citation[0][begin:until], "reference", url)
