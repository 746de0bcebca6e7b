"""Form fields that know regions, tags, PEM text and secrets, drawn with Bootstrap's classes."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from connections import rules
from connections.models import Region

MAX_TAGS = 10


class StyledBoundField(BoundField):
    """Adds Bootstrap's class for the kind of widget, and the one for an error."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        css = [widget.attrs.get("class", ""), _kind(widget), "is-invalid" if self.errors else ""]
        return {**attrs, "class": " ".join(filter(None, css))}


def _kind(widget: forms.Widget) -> str:
    match widget:
        case forms.CheckboxInput() | forms.RadioSelect():
            return "form-check-input"
        case forms.Select():
            return "form-select"
        case _:
            return "form-control"


class ForgetfulInput(forms.TextInput):
    """Never shows what was typed: it may hold a password."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class ForgetfulTextarea(forms.Textarea):
    """Never shows what was typed: it holds a key."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class RegionInput(forms.TextInput):
    """A text field whose suggestions are the regions, by code, name and city."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        choices = f"{name}-choices"
        field = super().render(name, value, {**(attrs or {}), "list": choices}, renderer)
        regions = Region.objects.values_list("code", "name", "city")
        options = format_html_join("", '<option value="{}">{}, {}</option>', regions)
        return format_html('{}<datalist id="{}">{}</datalist>', field, choices, options)


class RegionField(forms.ModelChoiceField):
    """A region by its code."""

    widget = RegionInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Region.objects.all(), to_field_name="code", **kwargs)
        self.error_messages["invalid_choice"] = (
            "There is no region of this code. Choose one from the list, or leave it empty."
        )

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.strip().lower() if isinstance(value, str) else value)


class TagsField(forms.CharField):
    """Words or phrases between commas; a list of them without repetition."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        typed = value if isinstance(value, list) else (value or "").split(",")
        return list(dict.fromkeys(filter(None, (tag.strip() for tag in typed))))

    def validate(self, value: Any) -> None:
        if len(value) > MAX_TAGS:
            raise ValidationError(f"Keep it to {MAX_TAGS} tags.")

    def run_validators(self, value: Any) -> None:
        for tag in value:
            refused_as_invalid(rules.tag, tag)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class RuledField(forms.CharField):
    """Text that one of our rules judges and brings into its normal form."""

    def __init__(self, *, rule: Callable[[str], str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule = rule

    def to_python(self, value: Any) -> str:
        return refused_as_invalid(self.rule, super().to_python(value) or "")


def refused_as_invalid(rule: Callable[[str], str], text: str) -> str:
    """What the rule returns; its refusal as the error that forms show."""
    try:
        return rule(text)
    except rules.Refused as refusal:
        raise ValidationError(str(refusal)) from None
