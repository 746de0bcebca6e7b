"""Flags in templates. A fragment that is pushed to all pages is nobody's, so it is drawn as the system sees it."""

from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connections.models import Region
from probes import switches
from probes.models import Kind

register = template.Library()


@register.simple_tag(takes_context=True)
def unless_closed(
    context: Context, kind: str, region: Region | None = None, everything: bool = False
) -> SafeString:
    """The attributes of a button that asks for such a probe: none, or disabled and why."""
    code = region.code if region else ""
    switch = switches.closed(kind, code, user=_user(context), everything=everything)
    return format_html(' disabled title="{}"', switches.reason(switch)) if switch else SafeString("")


@register.simple_tag(takes_context=True)
def closed_here(context: Context, region: Region | None = None, everything: bool = False) -> list[str]:
    """What is closed of what a page offers, in words: a button's title is not for everybody."""
    code, user = region.code if region else "", _user(context)
    found = [switches.closed(kind, code, user=user) for kind in Kind.values]
    found += [switches.closed(Kind.CONNECTION, user=user, everything=True)] if everything else []
    return [switches.reason(switch) for switch in dict.fromkeys(found) if switch]


@register.simple_tag(takes_context=True)
def is_on(context: Context, key: str) -> bool:
    return switches.is_on(key, user=_user(context))


@register.simple_tag(takes_context=True)
def flag_number(context: Context, key: str) -> str:
    return str(switches.number(key, user=_user(context)))


def _user(context: Context) -> Any:
    return getattr(getattr(context, "request", None), "user", None)
