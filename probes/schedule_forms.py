"""A schedule as people type it: what, which, when. The options of the test are a form of their own beside it."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from connections.fields import StyledBoundField
from connections.models import Connection, Provider, Region
from probes.forms import LatencyForm, LoadForm, NumberField, OptionsForm, initial_of
from probes.models import Kind, Schedule
from probes.models.schedules import LONGEST_JITTER
from probes.schedules import Draft
from probes.telling import timetables
from probes.templatetags.telling import test_name
from probes.timing import Every, TimingError

Scope = Schedule.Scope
INTERVAL, CRON = "interval", "cron"
UNIT_SECONDS = dict(timetables.UNITS)


class ZoneInput(forms.TextInput):
    """A text field whose suggestions are the time zones."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        field = super().render(name, value, {**(attrs or {}), "list": "time-zones"}, renderer)
        options = format_html_join("", "<option>{}</option>", ((zone,) for zone in ["UTC", *_zones()]))
        return format_html('{}<datalist id="time-zones">{}</datalist>', field, options)


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


class ChosenField(forms.MultipleChoiceField):
    """Some of what there is, as boxes to tick. What is chosen and no longer there is offered, too, so that it is seen."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value: Any) -> bool:
        # Whether there is such a thing is for the flow to say, in the same words at every entrance.
        return True


class ScheduleForm(forms.Form):
    bound_field_class = StyledBoundField
    use_required_attribute = False

    name = forms.CharField(label="Name", max_length=64)
    kind = forms.ChoiceField(
        label="Test",
        choices=[(kind.value, test_name(kind)) for kind in Kind],
        initial=Kind.CONNECTION,
        widget=forms.RadioSelect,
    )
    scope = forms.ChoiceField(
        label="What it tests", choices=Scope.choices, initial=Scope.ALL, widget=forms.RadioSelect
    )
    connections = ChosenField(label="Connections", required=False)
    tags = ChosenField(label="Tags", required=False)
    regions = ChosenField(label="Regions", required=False)
    providers = ChosenField(label="Providers", required=False)
    timing = forms.ChoiceField(
        label="When",
        choices=[(INTERVAL, "At an interval"), (CRON, "By a cron line")],
        initial=INTERVAL,
        widget=forms.RadioSelect,
    )
    every = NumberField(label="Every", initial=5, required=False)
    unit = forms.ChoiceField(
        label="Unit", choices=[(name, f"{name}s") for name, _ in reversed(timetables.UNITS)], initial="minute"
    )
    cron = forms.CharField(
        label="Cron line",
        required=False,
        max_length=100,
        help_text="Minute, hour, day of the month, month, weekday: 30 2 * * 1-5 is half past two from Monday to Friday.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "class": "mono"}),
    )
    time_zone = forms.CharField(label="Time zone", initial="UTC", max_length=64, widget=ZoneInput)
    jitter_seconds = NumberField(
        label="Spread over",
        initial=10,
        help_text="Seconds. It starts up to so much later, always at the same distance, so that many schedules do "
        "not all start in one second.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in _offered().items():
            chosen = self[name].value() or []
            known = {value for value, _ in choices}
            gone = [(value, f"{value} (gone)") for value in chosen if value not in known]
            offered = self.fields[name]
            assert isinstance(offered, ChosenField)
            offered.choices = [*choices, *gone]

    def clean_jitter_seconds(self) -> int:
        typed = self.cleaned_data["jitter_seconds"]
        if typed != int(typed) or not 0 <= typed <= LONGEST_JITTER:
            raise ValidationError(f"Enter whole seconds from 0 to {LONGEST_JITTER:,}.")
        return int(typed)

    def clean(self) -> dict[str, Any]:
        """Makes of what was typed the fields of a `Draft`; their rules are the flow's."""
        typed = super().clean() or self.cleaned_data
        interval = typed.get("timing") == INTERVAL
        typed["every_seconds"] = self._seconds(typed) if interval else None
        if interval:
            typed["cron"], typed["time_zone"] = "", "UTC"
        elif not typed.get("cron") and "cron" not in self.errors:
            self.add_error("cron", "Write a cron line.")
        return typed

    def _seconds(self, typed: Mapping[str, Any]) -> int | None:
        if "every" in self.errors or "unit" in self.errors:
            return None
        seconds = (typed.get("every") or 0) * UNIT_SECONDS[typed["unit"]]
        try:
            if seconds != int(seconds):
                raise TimingError("every_seconds", "The interval must be of whole seconds.")
            return Every(int(seconds)).seconds
        except TimingError as error:
            self.add_error("every", str(error))
            return None

    def words(self) -> tuple[str, ...]:
        """Of the scope that was chosen, and of no other."""
        scope = self.cleaned_data["scope"]
        return (
            tuple(self.cleaned_data[scope]) if scope in (Scope.TAGS, Scope.REGIONS, Scope.PROVIDERS) else ()
        )

    def connection_ids(self) -> tuple[int, ...]:
        if self.cleaned_data["scope"] != Scope.CONNECTIONS:
            return ()
        sent = self.cleaned_data["connections"]
        return tuple(int(text) for text in sent if text.isascii() and text.isdigit() and len(text) < 16)

    def draft(self, params: Mapping[str, Any]) -> Draft:
        """Only after `is_valid`."""
        typed = self.cleaned_data
        return Draft(
            name=typed["name"],
            kind=Kind(typed["kind"]),
            params=params,
            scope=Scope(typed["scope"]),
            connections=self.connection_ids(),
            words=self.words(),
            every_seconds=typed["every_seconds"],
            cron=typed["cron"],
            time_zone=typed["time_zone"],
            jitter_seconds=typed["jitter_seconds"],
        )

    def refuse(self, error: ValidationError) -> None:
        """Shows what the flow refused at the field where it was typed."""
        for name, messages in error.message_dict.items():
            typed = {"every_seconds": "every", "words": self.cleaned_data["scope"]}.get(name, name)
            self.add_error(typed if typed in self.fields else None, messages)


def _offered() -> dict[str, list[tuple[str, str]]]:
    """What can be chosen: what the connections that there are have."""
    wanted = ("pk", "name", "region__code", "provider", "tags")
    rows = list(Connection.objects.order_by("name").values_list(*wanted))
    regions = Region.objects.filter(code__in={row[2] for row in rows}).values_list("code", "city")
    providers = {row[3] for row in rows}
    return {
        "connections": [(str(row[0]), row[1]) for row in rows],
        "tags": [(tag, tag) for tag in sorted({tag for row in rows for tag in row[4]})],
        "regions": [(code, f"{code}, {city}") for code, city in regions],
        "providers": [(value, label) for value, label in Provider.choices if value in providers],
    }


def initial_for(schedule: Schedule) -> dict[str, Any]:
    """What the form starts with to change a schedule."""
    count, unit = timetables.every(schedule.every_seconds) if schedule.every_seconds else (5, "minute")
    return {
        "name": schedule.name,
        "kind": schedule.kind,
        "scope": schedule.scope,
        "connections": [str(pk) for pk in schedule.connections.values_list("pk", flat=True)],
        schedule.scope if schedule.words else "tags": schedule.words,
        "timing": CRON if schedule.cron else INTERVAL,
        "every": count,
        "unit": unit,
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
        "jitter_seconds": schedule.jitter_seconds,
    }


def options_form(
    kind: str,
    user: User | AnonymousUser,
    data: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
) -> OptionsForm | None:
    """The form with the options of this kind; None for kinds that have none."""
    if kind == Kind.LATENCY:
        return LatencyForm(data, initial=dict(params or {}))
    if kind == Kind.LOAD:
        return LoadForm(data, initial=initial_of("load", params or {}), user=user)
    return None
