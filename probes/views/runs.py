"""Runs, one run, and one result of it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from connections.models import Connection
from connections.views import HtmxRequest
from probes import dispatch, history, listing, live, progress
from probes.board import run_items
from probes.history import Refused
from probes.logbook import CHOICES, Logbook
from probes.models import Result, Run
from probes.telling.compared import compared
from probes.views.pages import gone, page, toast


@require_safe
def run_list(request: HtmxRequest) -> HttpResponse:
    """The runs that the address asks for. What was refused is said instead of them, with status 422."""
    seq = live.seq(live.FLEET)
    query = request.GET.copy()
    context: dict[str, object] = {"choices": CHOICES, "names": listing.names(), "query": query}
    try:
        with history.patience():
            shown = Logbook.of(query)
    except Refused as refusal:
        return page(request, "run_list", "", {**context, "problem": str(refusal)}, seq, status=422)
    # Older pages stay as they are: events change only what is newest.
    response = page(
        request, "run_list", "/ws/fleet/" if shown.is_newest else "", {**context, "shown": shown}, seq
    )
    if request.htmx.target == "live" and "X-Resync" not in request.headers:
        response["HX-Push-Url"] = f"{request.path}{shown.address}"
    return response


@require_safe
def run_detail(request: HtmxRequest, pk: UUID) -> HttpResponse:
    group = live.run_group(pk)
    seq = live.seq(group)
    run = Run.objects.select_related("requested_by").filter(pk=pk).first()
    if run is None:
        return gone(request, "This run was deleted.")
    reports = progress.of_run(run.pk) if run.is_open else {}
    items = run_items(run, reports)
    only = items[0] if run.total == 1 and len(items) == 1 else None
    context: dict[str, object] = {"run": run, "items": items, "only": only, "moving": bool(reports)}
    if only and only.result:
        context |= _beside(request, only.result)
    return page(request, "run_detail", f"/ws/runs/{pk}/", context, seq)


def _beside(request: HtmxRequest, result: Result) -> dict[str, object]:
    """What the result can be compared with, and the comparison that the address asks for."""
    earlier = history.earlier(result, result.connection_id, result.vantage)
    beside = next((one for one in earlier if str(one.run_id) == request.GET.get("with", "")), None)
    return {"earlier": earlier, "beside": beside, "lines": compared(beside, result) if beside else []}


@require_POST
def run_cancel(request: HtmxRequest, pk: UUID) -> HttpResponse:
    run = get_object_or_404(Run, pk=pk)
    if dispatch.cancel_run(run):
        return toast(request, "info", "The run was stopped; what it found so far is kept.")
    return toast(request, "warning", "That run had already ended.")


@require_safe
def result_detail(request: HtmxRequest, pk: UUID, connection: int, vantage: str) -> HttpResponse:
    run = get_object_or_404(Run.objects.select_related("requested_by"), pk=pk)
    tested = get_object_or_404(Connection.objects.select_related("region"), pk=connection)
    result = history.one(run, connection, vantage)
    context: dict[str, object] = {"run": run, "connection": tested, "result": result}
    if result:
        context |= _beside(request, result)
    return render(request, "probes/result_detail.html", context, status=200 if result else 404)
