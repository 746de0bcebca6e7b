"""Facts: sentences whose figures and foreign texts are kept apart, each with a reference to the page it is from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Self

from probes.atlas import times
from probes.telling.figures import fine, rate, share, span, volume

Unit = Literal["ms", "%", "bytes", "/s", "x", "count"]
"""Durations are always milliseconds, shares always per cent; `verify` knows how people write them otherwise."""

LONG_MS = 120_000
"""From here on a duration is told in minutes, hours or days."""

MOST_FIGURES = 200
"""Kept of a page that a long conversation comes back to again and again."""


@dataclass(frozen=True, slots=True)
class Figure:
    value: float
    unit: Unit = "count"

    def __str__(self) -> str:
        match self.unit:
            case "ms":
                return fine(self.value) if self.value < LONG_MS else span(self.value / 1000)
            case "%":
                return share(self.value / 100)
            case "bytes":
                return volume(self.value)
            case "/s":
                return rate(self.value)
            case "x":
                return times(self.value)
            case _:
                return f"{self.value:,.0f}" if self.value % 1 == 0 else f"{self.value:,.1f}"


@dataclass(frozen=True, slots=True)
class Quoted:
    """Text that a database or a person wrote. Whoever makes one has redacted it; see `redact`."""

    text: str

    def __str__(self) -> str:
        return f"«{self.text}»"


Part = str | Quoted | Figure | datetime


@dataclass(frozen=True, slots=True)
class Reference:
    """A page of ours and the figures that were measured there, or derived from such. ``about`` is the name of a
    connection, as plain text, or ""."""

    url: str
    about: str = ""
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence in parts. Strings are our own words."""

    parts: tuple[Part, ...]
    reference: Reference

    @classmethod
    def of(cls, *parts: Part, url: str, name: Quoted | None = None) -> Self:
        """A fact whose reference stands for all of its figures."""
        figures = tuple(part for part in parts if isinstance(part, Figure))
        return cls(parts, Reference(url, name.text if name else "", figures))

    def text(self, references: "References") -> str:
        """The sentence with its reference, as a model reads it."""
        return f"{''.join(map(_word, self.parts))} [{references.label(self.reference)}]"


def _word(part: Part) -> str:
    return f"{part:%Y-%m-%d %H:%M} UTC ({part:%A})" if isinstance(part, datetime) else str(part)


class References:
    """The references of one conversation: a page keeps its label, so that [r12] means the same in every turn."""

    def __init__(self, known: Mapping[str, Reference] | None = None) -> None:
        self._by_label: dict[str, Reference] = dict(known or {})
        self._labels = {reference.url: label for label, reference in self._by_label.items()}
        self._last = max((int(label[1:]) for label in self._by_label), default=0)

    def label(self, reference: Reference) -> str:
        """Its label, such as ``r12``: the one that its page has already, with the figures known of it, or the next."""
        if reference.url not in self._labels:
            self._last += 1
            self._labels[reference.url] = f"r{self._last}"
        label = self._labels[reference.url]
        known = self._by_label.get(label)
        figures = dict.fromkeys((*(known.figures if known else ()), *reference.figures))
        self._by_label[label] = Reference(reference.url, reference.about, tuple(figures)[-MOST_FIGURES:])
        return label

    def keep(self, labels: Collection[str]) -> None:
        """Forgets all others."""
        self._by_label = {label: one for label, one in self._by_label.items() if label in labels}
        self._labels = {url: label for url, label in self._labels.items() if label in labels}

    def __getitem__(self, label: str) -> Reference:
        return self._by_label[label]

    def mapping(self) -> dict[str, Reference]:
        return dict(self._by_label)

    def as_json(self) -> dict[str, Any]:
        """As a JSON field keeps them."""
        return {label: asdict(reference) for label, reference in self._by_label.items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `as_json` wrote."""
        return cls({label: _reference(one) for label, one in kept.items()})


def _reference(kept: Mapping[str, Any]) -> Reference:
    figures: Sequence[Mapping[str, Any]] = kept["figures"]
    return Reference(kept["url"], kept["about"], tuple(Figure(**one) for one in figures))
