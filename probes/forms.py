"""The options of a test as people type them: one form a kind, valid exactly when `plans.plan_of` accepts them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.http import QueryDict

from connections.fields import StyledBoundField
from probes import plans
from probes.engine.load.plan import MAX_CLIENTS, MAX_PROCESSES, MAX_RATE, MAX_SECONDS, MAX_STEPS
from probes.engine.load.scratch import MAX_ROWS
from probes.engine.outcome import Kind
from probes.engine.plan import PlanError, require_whole
from probes.models import Vantage
from probes.telling.asked import WORKLOADS

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_LONGEST_NUMBER = 40
OPEN, CLOSED = "open", "closed"
FEWEST_ROWS = 100


class NumberField(forms.CharField):
    """A number as a plan takes it: whole when it was written whole. Its limits are the plan's."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(widget=widget, **kwargs)
        self.error_messages["required"] = "Enter a number."

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return number(text) if text else None


class StepsField(forms.CharField):
    """Numbers between commas."""

    def to_python(self, value: Any) -> Any:
        return [number(part.strip()) for part in (super().to_python(value) or "").split(",") if part.strip()]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{step:g}" for step in value) if isinstance(value, list | tuple) else value


class ShareField(NumberField):
    """A share from 0 to 1, typed as a percentage."""

    def to_python(self, value: Any) -> Any:
        percent = super().to_python(value)
        return percent if percent is None else percent / 100

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else f"{100 * value:g}"


def number(text: str) -> int | float:
    """What was written, as int when it is whole. Raises `ValidationError`."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise ValidationError("Enter a number in digits, as in 10 or 2.5.")
    return int(text) if text.lstrip("+-").isdigit() else float(text)


class OptionsForm(forms.Form):
    """``kind`` says whose options; `params` is what a run is asked with. A field that the plan refuses says why."""

    kind: Kind
    bound_field_class = StyledBoundField
    use_required_attribute = False
    said_otherwise: Mapping[str, str] = {}
    """What to say at a field whose limits people type in another unit than the plan."""

    def params(self) -> dict[str, Any]:
        """The fields with their plan's names. Only after `is_valid`."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                plans.plan_of(self.kind, self.params())
            except PlanError as error:
                self.refuse(error)
        return cleaned

    def refuse(self, error: PlanError) -> None:
        """Shows a plan's refusal at its field, or above the form when it has none."""
        field = error.field if error.field in self.fields else None
        message = self.said_otherwise.get(error.field, sentence(error.message))
        self.add_error(field, message if field else f"{error.field}: {message}")

    def more(self) -> bool:
        """Whether something among the rarely used options needs to be seen."""
        return any(self.errors.get(name) for name in self.rare)

    rare: tuple[str, ...] = ()


def sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."


class LatencyForm(OptionsForm):
    kind: Kind = "latency"

    samples = NumberField(
        label="Round trips", initial=100, help_text="1 to 1,000, on one connection that stays open."
    )
    interval_ms = NumberField(
        label="Time between them",
        initial=0,
        help_text="0 to 10,000 ms; 0 sends the next as soon as one is answered.",
    )
    warm_up = NumberField(
        label="To warm up", initial=5, help_text="0 to 100 round trips before them that do not count."
    )
    cold_connects = NumberField(
        label="New connections",
        initial=0,
        help_text="0 to 100, timed one after the other once they are done.",
    )


class LoadForm(OptionsForm):
    """``user`` is who will ask: what takes a right that they lack is not offered."""

    kind: Kind = "load"
    rare = ("spacing", "max_error_share", "processes", "all_slots")
    said_otherwise = {"max_error_share": "Enter a percentage from 0 to 100."}

    clients = NumberField(
        label="Clients", initial=10, help_text=f"1 to {MAX_CLIENTS:,}, each with a connection of its own."
    )
    seconds = NumberField(label="Seconds", initial=10, help_text=f"0.5 to {MAX_SECONDS:,}.")
    loop = forms.ChoiceField(
        label="Pace",
        choices=[
            (CLOSED, "As fast as it answers: each client asks again once it has its answer"),
            (OPEN, "At a target rate: late answers count as late, also for those who wait behind them"),
        ],
        initial=CLOSED,
        widget=forms.RadioSelect,
    )
    rate = NumberField(
        label="Target rate", required=False, help_text=f"Statements a second, 0.1 to {MAX_RATE:,}."
    )
    spacing = forms.ChoiceField(
        label="Moments",
        choices=[("even", "Evenly spaced"), ("random", "At random, as from many independent users")],
        initial="even",
        required=False,
    )
    ramp = StepsField(
        label="Steps",
        required=False,
        help_text=f"Up to {MAX_STEPS} rising numbers with commas between them, of clients or, at a target rate, of "
        "that rate. They share the time and show where the knee is. Empty for one level.",
    )
    workload = forms.ChoiceField(label="Work")
    sql = forms.CharField(
        label="Own statement",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One SELECT without parameters. It runs in a read-only transaction that is rolled back.",
    )
    statement_seconds = NumberField(
        label="Its time limit", initial=5, required=False, help_text="0.001 to 60 seconds for one statement."
    )
    max_error_share = ShareField(
        label="Stop when more fail than", initial=0.1, help_text="0 to 100 % of the statements."
    )
    processes = NumberField(
        label="Processes of ours",
        initial=0,
        help_text=f"1 to {MAX_PROCESSES} that share the clients; 0 is as many as the test takes.",
    )
    all_slots = forms.BooleanField(
        label="May take more than half of the server's free connections", required=False
    )

    def __init__(self, *args: Any, user: User | AnonymousUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {name: words[0].upper() + words[1:] for name, words in WORKLOADS.items()}
        if not user.has_perm(plans.RUN_OWN_SQL):
            del offered["sql"], self.fields["sql"], self.fields["statement_seconds"]
        if not user.has_perm(plans.TAKE_ALL_SLOTS):
            del self.fields["all_slots"]
        workload = self.fields["workload"]
        assert isinstance(workload, forms.ChoiceField)
        workload.choices = list(offered.items())

    def params(self) -> dict[str, Any]:
        """Only what counts for the pace and the work that were chosen."""
        typed = {name: value for name, value in super().params().items() if name != "loop"}
        if self.cleaned_data["loop"] == CLOSED:
            typed.pop("rate", None)
        if self.cleaned_data["loop"] == CLOSED or not typed["spacing"]:
            typed.pop("spacing")
        if typed["workload"] != "sql":
            typed.pop("sql", None)
            typed.pop("statement_seconds", None)
        return typed

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        if typed.get("loop") == OPEN and typed.get("rate") is None and "rate" not in self.errors:
            self.add_error("rate", "Enter the rate that the server should be asked at.")
        return super().clean()


class OneOfThem(forms.RadioSelect):
    """For a field of several, of which this kind of test takes one."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.getlist(name)


class VantagesForm(forms.Form):
    """From where to test; for home alone there is nothing to choose. A load test comes from one place."""

    bound_field_class = StyledBoundField
    use_required_attribute = False

    vantages = forms.MultipleChoiceField(
        label="From",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one place."},
    )

    @classmethod
    def offered(cls, kind: str, data: QueryDict | None, chosen: Sequence[str]) -> Self | None:
        """``chosen`` are the vantages that it starts with. None when there are not two to choose from."""
        there = list(Vantage.objects.active())
        if len(there) < 2:
            return None
        form = cls(data, initial={"vantages": chosen})
        field = form.fields["vantages"]
        assert isinstance(field, forms.MultipleChoiceField)
        if kind == "load":
            field.widget = OneOfThem()
        field.choices = [(one.code, str(one)) for one in there]
        return form


class ScratchForm(forms.Form):
    """How large the scratch table of the reading workloads is to be."""

    bound_field_class = StyledBoundField
    use_required_attribute = False

    rows = NumberField(
        label="Rows",
        initial=100_000,
        help_text=f"{FEWEST_ROWS} to {MAX_ROWS:,}; 100,000 take about 14 MB.",
    )

    def clean_rows(self) -> int:
        rows: int = self.cleaned_data["rows"]
        try:
            require_whole("rows", rows, FEWEST_ROWS, MAX_ROWS)
        except PlanError as error:
            raise ValidationError(sentence(error.message)) from None
        return rows


def initial_of(kind: Kind, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a form starts with to ask again for what a run was asked."""
    if kind != "load":
        return dict(params)
    return {**params, "loop": CLOSED if params.get("rate") is None else OPEN}
