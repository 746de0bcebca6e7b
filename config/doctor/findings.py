from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Self


class State(StrEnum):
    OK = "ok"
    WATCH = "watch"
    """It works, but something should be done before long, or could be better."""
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """How a part is, in words that hold no secret; ``do`` is what to do, "" when nothing has to be done."""

    state: State
    said: str
    do: str = ""
    part: str = ""

    def of(self, part: str) -> Self:
        return replace(self, part=part)

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def ok(said: str) -> Finding:
    return Finding(State.OK, said)


def watch(said: str, do: str) -> Finding:
    return Finding(State.WATCH, said, do)


def broken(said: str, do: str) -> Finding:
    return Finding(State.BROKEN, said, do)
