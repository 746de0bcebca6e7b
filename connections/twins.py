"""A pair of connections to one database: one direct, one through its pooler."""

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from connections.models import Connection

ITSELF = "A connection cannot be its own twin: name the other way to the same database."
SAME_WAY = "One of the two must go through a pooler and the other not."
TAKEN = "That connection already has another twin. Remove it there first."


def why_not(connection: Connection, twin: Connection, *, pooled: bool) -> str:
    """Why the two cannot be a pair when the first one is pooled or not; "" when they can."""
    if twin.pk == connection.pk:
        return ITSELF
    if twin.pooled == pooled:
        return SAME_WAY
    return TAKEN if twin.twin_id not in (None, connection.pk) else ""


class TwinInput(forms.TextInput):
    """A text field whose suggestions are the connections that have no twin yet."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        choices = f"{name}-choices"
        field = super().render(name, value, {**(attrs or {}), "list": choices}, renderer)
        single = Connection.objects.filter(twin=None).order_by("name").values_list("name", "host")
        options = format_html_join("", '<option value="{}">{}</option>', single)
        return format_html('{}<datalist id="{}">{}</datalist>', field, choices, options)


class TwinField(forms.ModelChoiceField):
    """A connection by its name."""

    def __init__(self, **kwargs: Any) -> None:
        widget = TwinInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(Connection.objects.all(), to_field_name="name", widget=widget, **kwargs)
        self.error_messages["invalid_choice"] = (
            "There is no connection of this name. Choose one from the list, or leave it empty."
        )
