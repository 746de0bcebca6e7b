"""Schedules: the list, one of them with what became of its ticks, and the form that says what it would do."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from connections.views import HtmxRequest
from probes import dispatch, live, schedules
from probes.engine.plan import PlanError
from probes.forms import OptionsForm
from probes.models import Run, Schedule
from probes.schedule_forms import ScheduleForm, initial_for, options_form
from probes.schedule_preview import Preview
from probes.schedules import reading
from probes.views.pages import go_to, gone, page, toast

TICKS_SHOWN = 100
RUNS_SHOWN = 20


@require_safe
def schedule_list(request: HtmxRequest) -> HttpResponse:
    seq = live.seq(live.FLEET)
    rows = reading.rows(Schedule.objects.all())
    return page(request, "schedule_list", "/ws/fleet/", {"rows": rows}, seq)


@require_safe
def schedule_detail(request: HtmxRequest, pk: int) -> HttpResponse:
    seq = live.seq(live.FLEET)
    found = reading.rows(Schedule.objects.filter(pk=pk))
    if not found:
        return gone(request, "This schedule was deleted.")
    [row] = found
    context = {
        "row": row,
        "schedule": row.schedule,
        "matched": schedules.targets_of(row.schedule).count(),
        "ticks": row.schedule.ticks.select_related("run")[:TICKS_SHOWN],
        "runs": row.schedule.runs.select_related("requested_by")[:RUNS_SHOWN],
    }
    return page(request, "schedule_detail", "/ws/fleet/", context, seq)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_new(request: HtmxRequest) -> HttpResponse:
    if request.method != "POST":
        form = ScheduleForm(initial=_asked_for(request.GET))
        return _form(request, form, options_form(form["kind"].value(), request.user), None)
    return _saved(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_edit(request: HtmxRequest, pk: int) -> HttpResponse:
    schedule = get_object_or_404(Schedule, pk=pk)
    if request.method != "POST":
        options = options_form(schedule.kind, request.user, params=schedule.params)
        return _form(request, ScheduleForm(initial=initial_for(schedule)), options, schedule)
    return _saved(request, schedule)


@require_safe
def schedule_options(request: HtmxRequest) -> HttpResponse:
    """The fields that the kind of test which was chosen has."""
    return render(
        request,
        "probes/_schedule_options.html",
        {"options": options_form(request.GET.get("kind", ""), request.user)},
    )


@require_POST
def schedule_preview(request: HtmxRequest) -> HttpResponse:
    pk = request.POST.get("pk", "")
    number = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 16 else None
    preview = Preview.of(ScheduleForm(request.POST), number)
    return render(request, "probes/_schedule_preview.html", {"preview": preview})


@require_POST
def schedule_pause(request: HtmxRequest, pk: int) -> HttpResponse:
    schedule = schedules.pause(_known(pk).pk)
    return toast(request, "info", f"{schedule.name} is paused.", "schedule-list")


@require_POST
def schedule_resume(request: HtmxRequest, pk: int) -> HttpResponse:
    schedule = schedules.resume(_known(pk).pk)
    return toast(request, "info", f"{schedule.name} goes on.", "schedule-list")


@require_POST
def schedule_run(request: HtmxRequest, pk: int) -> HttpResponse:
    try:
        run = schedules.run_now(_known(pk).pk, user=request.user, source=Run.Source.PAGE)
    except (dispatch.Refused, PlanError) as refusal:
        return toast(request, "warning", str(refusal), "schedule-list")
    return go_to(request, run)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_delete(request: HtmxRequest, pk: int) -> HttpResponse:
    """Asks first: a schedule does not come back."""
    schedule = _known(pk)
    if request.method != "POST":
        template = "probes/_schedule_delete.html" if request.htmx else "probes/schedule_delete.html"
        return render(request, template, {"schedule": schedule})
    schedules.delete(schedule.pk)
    return _go(request, reverse("schedule-list"))


def _known(pk: int) -> Schedule:
    return get_object_or_404(Schedule, pk=pk)


def _asked_for(sent: QueryDict) -> dict[str, Any]:
    """What a link to the form says of the new schedule."""
    chosen = sent.getlist("connection")
    return {"scope": Schedule.Scope.CONNECTIONS, "connections": chosen} if chosen else {}


def _saved(request: HtmxRequest, schedule: Schedule | None) -> HttpResponse:
    """Where the schedule is, or the form again with what was typed and what is wrong."""
    form = ScheduleForm(request.POST)
    options = options_form(request.POST.get("kind", ""), request.user, request.POST)
    if form.is_valid() and (options is None or options.is_valid()):
        draft = form.draft(options.params() if options else {})
        try:
            if schedule is None:
                saved = schedules.create(draft, user=request.user)
            else:
                saved = schedules.change(schedule.pk, draft, user=request.user)
            return _go(request, reverse("schedule-detail", args=[saved.pk]))
        except ValidationError as error:
            form.refuse(error)
        except PlanError as error:
            assert options is not None
            options.refuse(error)
        except dispatch.Refused as refusal:
            form.add_error(None, str(refusal))
    return _form(request, form, options, schedule)


def _form(
    request: HtmxRequest, form: ScheduleForm, options: OptionsForm | None, schedule: Schedule | None
) -> HttpResponse:
    wrong = bool(form.errors or (options and options.errors))
    context = {
        "form": form,
        "options": options,
        "schedule": schedule,
        "wrong": wrong,
        "action": reverse("schedule-edit", args=[schedule.pk]) if schedule else reverse("schedule-new"),
        "preview": Preview.of(ScheduleForm(request.POST or _typed(form)), schedule.pk if schedule else None),
    }
    template = "probes/_schedule_form.html" if request.htmx else "probes/schedule_form.html"
    return render(request, template, context, status=422 if wrong else 200)


def _typed(form: ScheduleForm) -> dict[str, Any]:
    """What an untouched form would send."""
    return {name: form[name].value() for name in form.fields}


def _go(request: HtmxRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
