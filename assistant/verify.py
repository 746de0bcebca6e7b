"""Whether an answer's figures were measured: each must stand on a page that the answer cites."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from assistant.facts import Figure, Reference
from assistant.numerals import Numeral, numerals

Mark = Literal["text", "reference", "verified", "unverified"]

_REFERENCE = re.compile(r"\br\d{1,6}\b(?=[^\[\]]*\])")
_CITATION = re.compile(r"\[\s*r\d{1,6}(?:\s*[,;]\s*r\d{1,6})*\s*\]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an answer. ``url`` is set for references and for verified figures: the page that shows it."""

    text: str
    kind: Mark = "text"
    url: str = ""


def mark(text: str, references: Mapping[str, Reference]) -> list[Span]:
    """The text in stretches that make it up again, in order.

    ``references`` are those of the conversation, by label; a reference that is none of them stays text.
    """
    spans: list[Span] = []
    end = 0
    for start, until, span in sorted(_marks(text, references), key=lambda one: one[0]):
        if start > end:
            spans.append(Span(text[end:start]))
        spans.append(span)
        end = until
    return [*spans, Span(text[end:])] if end < len(text) else spans


def _marks(text: str, references: Mapping[str, Reference]) -> Iterator[tuple[int, int, Span]]:
    taken: list[tuple[int, int]] = []
    links: list[tuple[int, int, Span]] = []
    for citation in _CITATION.finditer(text):
        taken.append(citation.span())
        links += _links(citation, references)
    yield from links
    cited = {span.url for _, _, span in links}
    shown = [one for one in references.values() if one.url in cited]
    names = {one.about for one in references.values() if one.about}
    for found in numerals(text, names):
        if not any(start < found.end and found.start < end for start, end in taken):
            url = next((one.url for one in shown if _shows(one, found)), "")
            kind: Mark = "verified" if url else "unverified"
            yield found.start, found.end, Span(text[found.start : found.end], kind, url)


def _links(citation: re.Match[str], references: Mapping[str, Reference]) -> Iterator[tuple[int, int, Span]]:
    """A single reference with its brackets; several in one pair of brackets each without."""
    labels = [(one[0], one.start(), one.end()) for one in _REFERENCE.finditer(citation[0])]
    for label, start, end in labels:
        if label in references:
            begin, until = (0, len(citation[0])) if len(labels) == 1 else (start, end)
            span = Span(citation[0][begin:until], "reference", references[label].url)
            yield citation.start() + begin, citation.start() + until, span


def _shows(reference: Reference, found: Numeral) -> bool:
    return any(_is(figure, found) for figure in reference.figures)


def _is(figure: Figure, found: Numeral) -> bool:
    """Whether a numeral is this figure as somebody may round it: to the digits that are written."""
    for unit, scale in found.readings:
        if unit in ("", figure.unit):
            written, slack = found.value * scale, found.slack * scale
            if abs(abs(figure.value) - written) <= slack * 1.0001 + 1e-9:
                return True
    return False
