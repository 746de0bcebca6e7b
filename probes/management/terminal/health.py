"""A health outcome as text: one line for each check, and below it what to do where something is to be done."""

from collections.abc import Iterator, Mapping
from typing import Any

from probes.engine.health.findings import volume
from probes.management.terminal.text import printable, table

MARKS = {"good": "good", "watch": "WATCH", "act": "ACT", "unknown": "?"}

MAX_ROWS = 10
MAX_CELL = 50

_ALWAYS_LISTED = {"statements"}


def checks(detail: Mapping[str, Any]) -> Iterator[str]:
    """``detail`` is that of a health outcome; the lines are free of what a terminal would obey."""
    for check in detail["checks"]:
        yield f"  {MARKS[check['verdict']]:<7}{check['title']:<26}{_value(check)}"
        if check["verdict"] != "good":
            yield f"         {printable(check['hint'])}"
        if check["needs"]:
            yield f"         Needs: {printable(check['needs'])}"
        if check["caveat"]:
            yield f"         {check['caveat']}"
        if check["rows"] and (check["verdict"] in ("watch", "act") or check["key"] in _ALWAYS_LISTED):
            yield from _rows(check)


def _rows(check: Mapping[str, Any]) -> Iterator[str]:
    rows = [row for row in check["rows"] if row.get("verdict") != "good"]
    names = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
    for line in table(names, [[_cell(row[name]) for name in names] for row in rows[:MAX_ROWS]]):
        yield f"       {line}"
    if len(rows) > MAX_ROWS:
        yield f"         and {len(rows) - MAX_ROWS} more: see --json"


def _value(check: Mapping[str, Any]) -> str:
    value, unit = check["value"], check["unit"]
    if value is None:
        return "-"
    if unit == "bytes":
        return volume(value)
    return f"{_cell(value)} {unit}".rstrip()


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.1f}"
        case int():
            return str(value)
        case _:
            text = printable(str(value))
            return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"
