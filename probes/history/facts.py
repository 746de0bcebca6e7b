"""The state of the history in words, for terminal and admin."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat

from probes.history.status import Status


def facts_of(found: Status) -> list[tuple[str, str]]:
    """Everything but what is missing, as names and texts."""
    facts = asdict(found)
    del facts["missing"]
    return [(name.replace("_", " "), _readable(name, value)) for name, value in facts.items()]


def _readable(name: str, value: Any) -> str:
    if name.endswith("_bytes"):
        return filesizeformat(value).replace("\xa0", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, dict):
        value = ", ".join(f"{key.replace('_', ' ')} {_days(span)}" for key, span in value.items())
    return value or "—"


def _days(span: timedelta) -> str:
    return f"{span.days} days"
