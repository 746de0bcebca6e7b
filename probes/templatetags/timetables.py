"""Schedules in words, in templates: see `probes.telling.timetables`."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from probes.telling import timetables

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
register = template.Library()
register.filter("when", timetables.when)
register.filter("which", timetables.which)


@register.filter
def due_in(moment: datetime) -> SafeString:
    """A ``<time>`` that says in how long something comes, exactly on hover; the page counts it down."""
    return format_html(
        '<time datetime="{}" title="{}" data-in>{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S %Z}",
        _until(moment),
    )


def _until(moment: datetime) -> str:
    seconds = int((moment - timezone.now()).total_seconds())
    if seconds <= 0:
        return "now"
    unit, length = next((unit, length) for unit, length in UNITS if seconds >= length)
    return f"in {seconds // length} {unit}"
