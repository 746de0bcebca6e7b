"""What answers for a flag: LaunchDarkly's service, a file in its format, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from probes.switches import Asker


@dataclass(frozen=True)
class Answer:
    """``value`` is None when the source has none; ``reason`` says where it is from, ``doubt`` why it is not trusted."""

    value: object = None
    reason: str = ""
    doubt: str = ""


class FlagSource(Protocol):
    """Where values come from. Nothing here raises, and only the first questions of a process may wait."""

    name: str

    def answer(self, key: str, asker: Asker, region: str) -> Answer: ...

    def track(self, event: str, asker: Asker, value: float | None) -> None: ...

    def watch(self, changed: Callable[[], None]) -> None:
        """Listens from now on; ``changed`` is called from any thread when an answer may be another one."""

    def close(self) -> None:
        """Sends what was counted."""


class Nowhere:
    """No source is configured, so the registry's defaults hold and nothing is counted."""

    name = "Default"

    def answer(self, key: str, asker: Asker, region: str) -> Answer:
        return Answer(reason="no source of flags is configured")

    def track(self, event: str, asker: Asker, value: float | None) -> None:
        return None

    def watch(self, changed: Callable[[], None]) -> None:
        return None

    def close(self) -> None:
        return None
