"""Asking for tests: at once, or after a sheet with the options. The rules live in `dispatch`; their refusals are shown."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from connections.models import Connection
from connections.views import HtmxRequest
from probes import board, dispatch
from probes.engine.plan import PlanError
from probes.forms import LatencyForm, LoadForm, OptionsForm, ScratchForm, VantagesForm, initial_of
from probes.models import Kind, Run
from probes.scratch import MAKE_SCRATCH
from probes.views.pages import go_to, number, toast

NOTHING = "There is nothing to test: choose or add a connection first."
REFUSALS = (dispatch.Refused, PlanError)


@require_POST
def probe_one(request: HtmxRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    return _test(request, [connection], f"Testing {connection.name}")


@require_POST
def probe_selected(request: HtmxRequest) -> HttpResponse:
    chosen = _selected(request.POST)
    return _test(request, chosen, f"Testing {len(chosen)} selected")


@require_POST
def probe_all(request: HtmxRequest) -> HttpResponse:
    chosen = list(Connection.objects.active())
    return _test(request, chosen, f"Testing all {len(chosen)}", everything=True)


@require_POST
def health_one(request: HtmxRequest, pk: int) -> HttpResponse:
    return _examine(request, [get_object_or_404(Connection, pk=pk)])


@require_POST
def health_selected(request: HtmxRequest) -> HttpResponse:
    return _examine(request, _selected(request.POST))


@require_POST
def health_all(request: HtmxRequest) -> HttpResponse:
    return _examine(request, list(Connection.objects.active()), everything=True)


@require_http_methods(["GET", "HEAD", "POST"])
def latency_one(request: HtmxRequest, pk: int) -> HttpResponse:
    chosen = [get_object_or_404(Connection, pk=pk)]
    form = LatencyForm(request.POST or None, initial=_initial(request, "latency"))
    return _with_options(request, form, chosen, reverse("latency-one", args=[pk]))


@require_http_methods(["GET", "HEAD", "POST"])
def latency_selected(request: HtmxRequest) -> HttpResponse:
    chosen = _selected(request.POST or request.GET)
    form = LatencyForm(request.POST or None, initial=_initial(request, "latency"))
    return _with_options(request, form, chosen, reverse("latency-selected"))


@require_http_methods(["GET", "HEAD", "POST"])
def load_one(request: HtmxRequest, pk: int) -> HttpResponse:
    chosen = [get_object_or_404(Connection, pk=pk)]
    form = LoadForm(request.POST or None, initial=_initial(request, "load"), user=request.user)
    return _with_options(request, form, chosen, reverse("load-one", args=[pk]))


@require_http_methods(["GET", "HEAD", "POST"])
def load_selected(request: HtmxRequest) -> HttpResponse:
    chosen = _selected(request.POST or request.GET)
    form = LoadForm(request.POST or None, initial=_initial(request, "load"), user=request.user)
    return _with_options(request, form, chosen, reverse("load-selected"))


@require_POST
def run_again(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """The same of the same connections from the same places."""
    run = get_object_or_404(Run, pk=pk)
    targets = board.targets_of(run)
    chosen = list(Connection.objects.filter(pk__in={pk for _, pk in targets}))
    vantages = sorted({vantage for vantage, _ in targets})
    try:
        again = _requested(request, Kind(run.kind), chosen, run.params, vantages, everything=run.everything)
    except REFUSALS as refusal:
        return toast(request, "warning", _said(refusal), "run-list")
    return go_to(request, again)


def _test(
    request: HtmxRequest, chosen: list[Connection], text: str, *, everything: bool = False
) -> HttpResponse:
    """A connection test changes the rows that the page shows, so one stays there."""
    try:
        run = _requested(request, Kind.CONNECTION, chosen, everything=everything)
    except REFUSALS as refusal:
        return toast(request, "warning", _said(refusal))
    left_out = len(chosen) - run.total
    if left_out:
        text += f", but for {left_out} whose region is switched off"
    return toast(request, "info", text) if request.htmx else go_to(request, run)


def _examine(request: HtmxRequest, chosen: list[Connection], *, everything: bool = False) -> HttpResponse:
    try:
        return go_to(request, _requested(request, Kind.HEALTH, chosen, everything=everything))
    except REFUSALS as refusal:
        return toast(request, "warning", _said(refusal))


def _with_options(
    request: HtmxRequest, form: OptionsForm, chosen: list[Connection], action: str
) -> HttpResponse:
    """The sheet; and once it is sent, the run's page, or the sheet again with what was typed and what is wrong."""
    places = VantagesForm.offered(form.kind, request.POST or None, _places_like(request, form.kind))
    context: dict[str, Any] = {"form": form, "places": places, "chosen": chosen, "action": action}
    if request.method != "POST":
        return _first_sheet(request, context)
    if all([form.is_valid(), places is None or places.is_valid()]):
        vantages = places.cleaned_data["vantages"] if places else None
        try:
            return go_to(request, _requested(request, Kind(form.kind), chosen, form.params(), vantages))
        except PlanError as refusal:
            form.refuse(refusal)
        except REFUSALS as refusal:
            form.add_error(None, _said(refusal))
    return _sheet(request, context, status=422)


def _first_sheet(request: HtmxRequest, context: dict[str, Any]) -> HttpResponse:
    """Nobody is asked for options of what is not done anyway."""
    if not context["chosen"]:
        return toast(request, "warning", NOTHING)
    try:
        dispatch.switched_on(Kind(context["form"].kind), context["chosen"], request.user)
    except dispatch.SwitchedOff as refusal:
        return toast(request, "warning", str(refusal))
    return _sheet(request, context)


def _sheet(request: HtmxRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    # A scratch table is made in one database at a time.
    alone = len(context["chosen"]) == 1
    if context["form"].kind == "load" and alone and request.user.has_perm(MAKE_SCRATCH):
        context["scratch"] = ScratchForm()
    template = "probes/_options.html" if request.htmx else "probes/options.html"
    return render(request, template, context, status=status)


def _requested(
    request: HtmxRequest,
    kind: Kind,
    chosen: list[Connection],
    params: dict[str, Any] | None = None,
    vantages: list[str] | None = None,
    *,
    everything: bool = False,
) -> Run:
    return dispatch.request_run(
        kind=kind,
        connections=chosen,
        source=Run.Source.PAGE,
        user=request.user,
        params=params or {},
        vantages=vantages or (),
        everything=everything,
    )


def _said(refusal: Exception) -> str:
    return NOTHING if isinstance(refusal, dispatch.NothingToTest) else str(refusal)


def _selected(sent: QueryDict) -> list[Connection]:
    return list(Connection.objects.filter(pk__in=[number(text) for text in sent.getlist("connection")]))


def _initial(request: HtmxRequest, kind: str) -> dict[str, Any]:
    """What the run that ``like`` names was asked, so that a sheet can start from it."""
    run = _like(request, kind)
    return initial_of(run.kind_of_probe, run.params) if run else {}


def _places_like(request: HtmxRequest, kind: str) -> list[str]:
    """From where the run that ``like`` names was asked for; else from home."""
    run = _like(request, kind)
    return sorted({vantage for vantage, _ in board.targets_of(run)}) if run else [settings.VANTAGE]


def _like(request: HtmxRequest, kind: str) -> Run | None:
    try:
        return Run.objects.filter(pk=UUID(request.GET.get("like", "")), kind=kind).first()
    except ValueError:
        return None
