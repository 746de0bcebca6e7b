"""How figures are written in templates: those of `telling.figures`, and times, phases and colours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from probes.states import GOOD_BELOW_MS, SLOW_FROM_MS
from probes.telling.figures import NONE, Absent, count, fine, measured, ms, rate, share, span, volume

register = template.Library()
for written in (count, fine, measured, ms, rate, share, span, volume):
    register.filter(written.__name__, written)

PHASES = ("dns", "tcp", "tls", "auth", "query")


class Timed(Protocol):
    """Durations in milliseconds; None when a phase was not reached or does not exist."""

    dns_ms: float | None
    tcp_ms: float | None
    tls_ms: float | None
    auth_ms: float | None
    query_ms: float | None
    total_ms: float | None


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of a probe in milliseconds; ``x`` and ``width`` are its place in a picture 100 units wide."""

    name: str
    start_ms: float
    ms: float
    x: str
    width: str


@register.filter
def latency_class(value: float | Absent) -> str:
    if value is None or value == "":
        return "lat-none"
    if value < GOOD_BELOW_MS:
        return "lat-good"
    return "lat-fair" if value < SLOW_FROM_MS else "lat-slow"


@register.filter
def ago(when: datetime | Absent) -> str | SafeString:
    """A ``<time>`` that says how long ago, exact in UTC on hover; the page keeps it up to date."""
    if not when:
        return NONE
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        when.isoformat(),
        f"{when:%Y-%m-%d %H:%M:%S %Z}",
        _ago_in_words(when),
    )


def _ago_in_words(when: datetime) -> str:
    seconds = int((timezone.now() - when).total_seconds())
    if seconds < 5:
        return "just now"
    spent = _in_one_unit(seconds)
    return f"{spent} ago" if spent else f"{when:%Y-%m-%d}"


def _in_one_unit(seconds: int) -> str:
    """Cut to whole units, "" from 30 days on."""
    for unit, length, limit in (("s", 1, 60), ("min", 60, 60), ("h", 3600, 24), ("d", 86400, 30)):
        if seconds < length * limit:
            return f"{seconds // length} {unit}"
    return ""


@register.filter
def so_long(when: datetime | Absent) -> str | SafeString:
    """A ``<time>`` that says how long something has been so, since when exactly on hover; the page counts it up."""
    if not when:
        return NONE
    return format_html(
        '<time datetime="{}" title="since {}" data-for>{}</time>',
        when.isoformat(),
        f"{when:%Y-%m-%d %H:%M:%S %Z}",
        _in_one_unit(max(0, int((timezone.now() - when).total_seconds()))),
    )


@register.simple_tag
def elapsed(start: datetime, end: datetime | None = None) -> str | SafeString:
    """How long something took, or a ``<time>`` that the page counts up while it is still under way."""
    if end is not None:
        return _duration(end - start)
    return format_html(
        '<time datetime="{}" data-elapsed>{}</time>', start.isoformat(), _duration(timezone.now() - start)
    )


def _duration(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


@register.filter
def phases(timed: Timed | Absent) -> list[Phase]:
    """The phases that were reached, one after the other, scaled to the whole connection."""
    if not timed:
        return []
    spent = [(name, value) for name in PHASES if (value := getattr(timed, f"{name}_ms")) is not None]
    whole = max(sum(value for _, value in spent), timed.total_ms or 0)
    found: list[Phase] = []
    start = 0.0
    for name, value in spent:
        scale = 100 / whole if whole else 0
        found.append(
            Phase(name=name, start_ms=start, ms=value, x=f"{start * scale:.2f}", width=f"{value * scale:.2f}")
        )
        start += value
    return found
