"""What is tried and not kept: a test of a form before it is saved, and the scratch table of the reading workloads."""

from uuid import UUID

import redis
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from connections import vault
from connections.forms import ConnectionForm
from connections.models import Connection
from connections.views import HtmxRequest, secrets_unlogged
from probes import dispatch, history, queues, recorder, scratch
from probes.forms import ScratchForm
from probes.jobs import endpoint_of
from probes.views.pages import number

POLL_SECONDS = 0.3
TRIAL_POLLS = int(dispatch.TRIAL_SECONDS / POLL_SECONDS)
SCRATCH_POLLS = int(scratch.LONGEST_SECONDS / POLL_SECONDS)


@secrets_unlogged
@require_POST
def connection_try(request: HtmxRequest) -> HttpResponse:
    """Tests the fields of the form as they stand, saved or not; what is asked to be kept stays as it was."""
    stored = Connection.objects.filter(pk=number(request.POST.get("pk", ""))).first()
    form = ConnectionForm(request.POST, instance=stored)
    if not form.is_valid():
        problems = [(form[name].label, errors) for name, errors in form.errors.items() if name in form.fields]
        return render(request, "probes/_trial.html", {"problems": problems}, status=422)
    tried = form.trial()
    region = tried.region.code if tried.region else ""
    try:
        token = dispatch.request_trial(endpoint_of(tried, settings.VANTAGE), region=region, user=request.user)
    except dispatch.SwitchedOff as refusal:
        return render(request, "probes/_trial.html", {"problems": [("Region", [str(refusal)])]}, status=422)
    except vault.VaultError as error:
        return render(request, "probes/_trial.html", {"problems": [("Password", [str(error)])]}, status=422)
    except queues.AWAY:
        return render(request, "probes/_trial.html", {"away": True})
    return render(request, "probes/_trial.html", {"token": token, "polls": 0})


@require_safe
def connection_trial(request: HtmxRequest, token: UUID) -> HttpResponse:
    """What the trial found; asks the page to ask again while it is still under way."""
    return _polled(request, "probes/_trial.html", token, TRIAL_POLLS)


@require_POST
def scratch_one(request: HtmxRequest, pk: int) -> HttpResponse:
    """Creates the scratch table in this database, or with ``drop`` drops it."""
    connection = get_object_or_404(Connection, pk=pk)
    form, dropping = ScratchForm(request.POST), "drop" in request.POST
    if not dropping and not form.is_valid():
        return _scratch(request, {"problem": " ".join(map(str, form.errors["rows"]))}, status=422)
    rows = None if dropping else form.cleaned_data["rows"]
    try:
        token = scratch.request_scratch(connection, rows, request.user)
    except (dispatch.Refused, vault.VaultError) as error:
        return _scratch(request, {"problem": str(error)}, status=422)
    except queues.AWAY:
        return _scratch(request, {"away": True})
    return _scratch(request, {"token": token, "polls": 0})


@require_safe
def scratch_trial(request: HtmxRequest, token: UUID) -> HttpResponse:
    """What became of the scratch table."""
    return _polled(request, "probes/_scratch_outcome.html", token, SCRATCH_POLLS)


def _scratch(request: HtmxRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    return render(request, "probes/_scratch_outcome.html", context, status=status)


def _polled(request: HtmxRequest, template: str, token: UUID, most: int) -> HttpResponse:
    try:
        found = recorder.trial_of(token)
    except redis.RedisError:
        return render(request, template, {"away": True})
    if found:
        return render(request, template, {"result": history.unsaved(found)})
    polls = number(request.GET.get("polls", "")) + 1
    return render(request, template, {"token": token, "polls": polls, "silent": polls > most})
