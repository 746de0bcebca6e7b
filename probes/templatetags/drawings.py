"""Small pictures inside rows: SVG made of numbers only, since a list has hundreds of them."""

from collections.abc import Sequence
from statistics import median
from typing import Protocol

from django import template
from django.utils.safestring import SafeString, mark_safe

from probes.telling.figures import NONE, Absent, ms
from probes.templatetags.figures import Timed, phases

register = template.Library()

STEP = 4
HEIGHT = 24
ROOM = 2
"""Left free above and below the line, which is drawn thicker than its points."""


class Day(Protocol):
    """Hours, oldest first: the latency of each in ms or None, and the places of those in which something failed."""

    @property
    def latencies(self) -> Sequence[float | None]: ...
    @property
    def failed(self) -> Sequence[int]: ...


@register.filter
def spark(trend: Day | Absent) -> str | SafeString:
    """The latency of the last day from zero upwards, hour by hour; a gap is a gap, and a mark below is a failure.

    The scale leaves an even line in the middle: only what at least doubles reaches the top.
    """
    known = [value for value in trend.latencies if value is not None] if trend else []
    if not trend or not (known or trend.failed):
        return NONE
    top = max([*known, 2 * median(known)]) if known else 0
    words = f"Latency of the last day: {ms(min(known))} to {ms(max(known))}" if known else "Nothing worked"
    if trend.failed:
        words += f"; failures in {len(trend.failed)} of {len(trend.latencies)} hours"
    failed = "".join(f"M{place * STEP} {HEIGHT}v-6" for place in trend.failed)
    marks = f'<path class="spark-failed" d="{failed}"></path>' if failed else ""
    return mark_safe(  # noqa: S308 - numbers and our own words
        f'<svg class="spark" viewBox="-2 0 {STEP * len(trend.latencies)} {HEIGHT}" preserveAspectRatio="none"'
        f' role="img" aria-label="{words}">'
        f'<path d="{_line(trend, top)}"></path>{marks}</svg>'
    )


def _line(trend: Day, top: float) -> str:
    """A lone point is a short stroke, or it could not be seen."""
    drawn: list[str] = []
    for place, value in enumerate(trend.latencies):
        if value is None:
            continue
        height = HEIGHT - ROOM - round(value / top * (HEIGHT - 2 * ROOM)) if top else HEIGHT - ROOM
        follows = place > 0 and trend.latencies[place - 1] is not None
        alone = not follows and (place + 1 == len(trend.latencies) or trend.latencies[place + 1] is None)
        drawn.append(f"{'L' if follows else 'M'}{place * STEP} {height}{'h1' if alone else ''}")
    return "".join(drawn)


@register.filter
def phase_bar(timed: Timed | Absent) -> str | SafeString:
    """Where the time of one probe went, phase after phase."""
    found = phases(timed)
    if not found:
        return NONE
    words = ", ".join(f"{phase.name} {ms(phase.ms)}" for phase in found)
    parts = "".join(
        f'<rect class="phase-{phase.name}" x="{phase.x}" width="{phase.width}" height="8"></rect>'
        for phase in found
    )
    return mark_safe(  # noqa: S308 - numbers and the names of phases
        f'<svg class="phase-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{words}">'
        f"<title>{words}</title>{parts}</svg>"
    )
