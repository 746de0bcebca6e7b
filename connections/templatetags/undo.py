"""The deletions that the frame offers to undo."""

from typing import Any

from django import template

from connections import offers

register = template.Library()


@register.simple_tag(takes_context=True)
def undo_offers(context: dict[str, Any]) -> list[offers.Offer]:
    return offers.standing(context["request"])
