"""What the command palette finds: connections by words, each with where it leads and what can be asked of it."""

from typing import TypedDict

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from connections.models import Connection
from probes import history
from probes.models import Kind, Measured
from probes.states import state_of

MOST_FOUND = 10
MOST_TYPED = 200


class Found(TypedDict):
    """``place`` says where it is and ``state`` how, in words; the rest are addresses, by what they do."""

    name: str
    place: str
    state: str
    shape: str
    word: str
    open: str
    edit: str
    past: str
    test: str
    latency: str
    load: str
    health: str


@require_safe
def palette(request: HttpRequest) -> JsonResponse:
    words = request.GET.get("q", "")[:MOST_TYPED]
    found = list(Connection.objects.search(words).for_list()[:MOST_FOUND])
    latest = history.latest_of((one.pk for one in found), settings.VANTAGE, Kind.CONNECTION)
    response = JsonResponse({"connections": [_found(one, latest.get(one.pk)) for one in found]})
    response["Cache-Control"] = "no-store"
    return response


def _found(connection: Connection, latest: Measured | None) -> Found:
    state = state_of(latest)
    city = connection.region.city if connection.region else ""
    pk = connection.pk
    return {
        "name": connection.name,
        "place": " · ".join(filter(None, (city, connection.get_provider_display()))),
        "state": state.value,
        "shape": state.shape,
        "word": state.word,
        "open": reverse("connection-detail", args=[pk]),
        "edit": reverse("connection-edit", args=[pk]),
        "past": f"{reverse('history')}?connection={pk}",
        "test": reverse("probe-one", args=[pk]),
        "latency": reverse("latency-one", args=[pk]),
        "load": reverse("load-one", args=[pk]),
        "health": reverse("health-one", args=[pk]),
    }
