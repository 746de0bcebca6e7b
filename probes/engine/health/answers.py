"""Reads a server's answers without trusting them: any value may be missing, of another kind, huge or hostile."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from probes.engine.errors import ProbeError, clean

MAX_ROWS = 50
MAX_NAME = 128
MAX_STATEMENT = 500

_LARGEST = 2.0**63
_SECRET = re.compile(
    r"(passw(?:or)?d\"?)(?:\s*=?\s*(?:[eunbx]&?)?'|\s*=?\s*\$(?!\d)|\s*=\s*[^\s$]).*",
    re.IGNORECASE | re.DOTALL,
)
"""From the word to the end, as the text may be cut within the literal. A parameter, ``$1``, is no secret."""


@dataclass(frozen=True)
class Row:
    """One row of an answer, by column name."""

    columns: dict[str, Any]

    def number(self, name: str) -> float | int | None:
        """A finite number that a database column can hold, or None."""
        value = self.columns.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if math.isfinite(value) and abs(value) < _LARGEST else None

    def count(self, name: str) -> int:
        """A number that is never null in SQL; 0 for anything else."""
        return int(self.number(name) or 0)

    def flag(self, name: str) -> bool | None:
        value = self.columns.get(name)
        return value if isinstance(value, bool) else None

    def text(self, name: str, limit: int = MAX_NAME) -> str:
        """Bounded, of one line, and free of what would obey or deceive; empty when it is null."""
        value = self.columns.get(name)
        return clean(value, limit) if isinstance(value, str) else ""

    def statement(self, name: str) -> str:
        """A statement's text without the password that CREATE ROLE and others hold in plain sight."""
        return _SECRET.sub(r"\1 •••", self.text(name, MAX_STATEMENT))


def read_rows(answer: bytes) -> list[Row]:
    """The rows of ``COPY (SELECT row_to_json(…)) TO STDOUT``, of which a server may have sent anything.

    Raises `ProbeError` when it is not that.
    """
    rows = []
    for line in answer.split(b"\n")[:MAX_ROWS]:
        if not line:
            continue
        # COPY doubles each backslash; JSON leaves it nothing else to escape.
        text = line.replace(b"\\\\", b"\\").decode("utf-8", "replace")
        try:
            columns = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise _unreadable() from exc
        if not isinstance(columns, dict):
            raise _unreadable()
        rows.append(Row(columns))
    return rows


def _unreadable() -> ProbeError:
    return ProbeError("protocol_violation", "query", "the server's answer to a check cannot be read")
