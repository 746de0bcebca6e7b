"""The History page, the data of charts, and the export. They read what is stored and start nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from connections.models import Connection
from connections.views import HtmxRequest
from probes import charts, downloads, history, listing, live
from probes.history import Filters, Refused, Window

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


def _answering_in_json(view: View[Arguments]) -> View[Arguments]:
    """What is refused is said as ``{"error": sentence}``, with status 422."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        try:
            with history.patience():
                response = view(request, *args, **kwargs)
        except Refused as refusal:
            response = JsonResponse({"error": str(refusal)}, status=422)
        response["Cache-Control"] = "no-store"
        return response

    return answered


def _vantage(request: HttpRequest) -> str:
    return Filters.asked(request.GET).vantage or settings.VANTAGE


def _unknown_connection() -> JsonResponse:
    return JsonResponse({"error": "There is no such connection; it may have been deleted."}, status=404)


@require_safe
@_answering_in_json
def connection_series(request: HttpRequest, pk: int) -> HttpResponse:
    """A chart of one connection: ``chart``, ``window`` or ``from`` and ``to``, ``vantage``."""
    connection = Connection.objects.filter(pk=pk).first()
    if connection is None:
        return _unknown_connection()
    name = request.GET.get("chart", "latency")
    return JsonResponse(charts.chart(name, [connection], Window.asked(request.GET), _vantage(request)))


@require_safe
@_answering_in_json
def connection_strip(request: HttpRequest, pk: int) -> HttpResponse:
    if not Connection.objects.filter(pk=pk).exists():
        return _unknown_connection()
    window = Window.asked(request.GET)
    vantage = _vantage(request)
    cells = history.strip_of(pk, window, vantages=[vantage])
    return JsonResponse(charts.strip(cells, window, vantage))


@require_safe
@_answering_in_json
def history_series(request: HttpRequest) -> HttpResponse:
    """A chart of up to eight connections, each a ``connection`` of the address."""
    asked = Filters.asked(request.GET).connections
    if not asked:
        raise Refused("Name a connection to draw.")
    connections = list(Connection.objects.for_list().filter(pk__in=asked))
    if not connections:
        return _unknown_connection()
    name = request.GET.get("chart", "latency")
    return JsonResponse(charts.chart(name, connections, Window.asked(request.GET), _vantage(request)))


@require_safe
def history_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The checks that the page's filters choose, all of them, as a file."""
    try:
        filters, window = Filters.asked(request.GET), Window.asked(request.GET)
        return downloads.history_as(request.GET.get("format", "csv"), filters, window)
    except Refused as refusal:
        return JsonResponse({"error": str(refusal)}, status=422)
    except history.Busy as busy:
        return JsonResponse({"error": str(busy)}, status=503, headers={"Retry-After": "60"})


@require_safe
def history_page(request: HtmxRequest) -> HttpResponse:
    """The checks that an address asks for. What was refused is said above an empty list, with status 422."""
    seq = live.seq(live.FLEET)
    query = request.GET.copy()
    context: dict[str, object] = {"choices": listing.choices()}
    status = 200
    try:
        with history.patience():
            shown = listing.Shown.of(query)
        context |= {"shown": shown, "live_url": "/ws/fleet/" if shown.is_newest else ""}
    except Refused as refusal:
        context["problem"] = str(refusal)
        status = 422
    part = request.htmx.target == "live"
    template = f"history/{'_live_history' if part else 'history'}.html"
    response = render(request, template, {**context, "seq": seq, "query": query}, status=status)
    response["Cache-Control"] = "no-store"
    if part and status == 200 and "X-Resync" not in request.headers:
        response["HX-Push-Url"] = shown.address
    return response


urlpatterns = [
    path("history/", history_page, name="history"),
    path("history/series/", history_series, name="history-series"),
    path("history/export/", history_export, name="history-export"),
    path("connections/<int:pk>/series/", connection_series, name="connection-series"),
    path("connections/<int:pk>/strip/", connection_strip, name="connection-strip"),
]
