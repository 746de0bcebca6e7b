"""The dashboard, the list of connections, and one connection."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from connections.models import Connection
from connections.views import HtmxRequest
from probes import charts, history, live, roster
from probes.board import Totals, feed, latest_by_kind, outages, pair_of, rows_of, under_way
from probes.history import Filters, Refused, Window
from probes.history.windows import DEFAULT
from probes.models import Vantage
from probes.views.pages import gone, page

FIELDS = {"search", "filter-provider", "filter-region"}
"""The ids of the fields above a list."""


@require_safe
def dashboard(request: HtmxRequest) -> HttpResponse:
    return _list(request, "dashboard", "state", {"feed": feed()})


@require_safe
def connection_list(request: HtmxRequest) -> HttpResponse:
    return _list(request, "connection_list", "name", {})


def _list(request: HtmxRequest, name: str, usual: str, context: dict[str, object]) -> HttpResponse:
    """The connections that the address asks for. What was refused is said instead of them, with status 422."""
    seq = live.seq(live.FLEET)
    context |= {"under_way": under_way(), "totals": Totals.of_fleet(), "search": request.GET.get("q", "")}
    part, again = request.htmx.target == "live", "X-Resync" in request.headers
    # Fields that somebody types into are left alone; a link changes what they should hold.
    if not part or not (again or request.htmx.trigger in FIELDS):
        context |= {"offered": roster.offered(), "filters_too": part}
    try:
        shown = roster.Roster.of(request.GET, usual)
    except Refused as refusal:
        return page(request, name, "/ws/fleet/", {**context, "problem": str(refusal)}, seq, status=422)
    response = page(request, name, "/ws/fleet/", {**context, "roster": shown}, seq)
    if part and not again:
        response["HX-Push-Url"] = f"{request.path}{shown.address}"
    return response


@require_safe
def connection_detail(request: HtmxRequest, pk: int) -> HttpResponse:
    group = live.connection_group(pk)
    seq = live.seq(group)
    connection = Connection.objects.select_related("region", "twin__region").filter(pk=pk).first()
    if connection is None:
        return gone(request, "This connection was deleted.")
    [row] = rows_of([connection])
    latest = latest_by_kind(connection)
    context = {
        "row": row,
        "latest": latest,
        "pair": pair_of(connection, latest),
        "outages": outages(connection),
        "results": history.recent(pk),
        **_charted(request.GET, pk),
    }
    return page(request, "connection_detail", f"/ws/connections/{pk}/", context, seq)


def _charted(query: QueryDict, pk: int) -> dict[str, object]:
    """What time the charts show, and from where. What cannot be shown is theirs to refuse."""
    window = query.get("window") or DEFAULT
    try:
        with history.patience():
            vantage = Filters.asked(query).vantage or charts.vantage_for([pk], Window.named(window))
    except Refused:
        vantage = query.get("vantage") or settings.VANTAGE
    return {
        "window": window,
        "vantage": vantage,
        "vantages": Vantage.objects.all(),
        "charts_query": urlencode({"window": window, "vantage": vantage}),
    }
