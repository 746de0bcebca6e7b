"""The map as a page and as the data that its scripts draw. It reads what is stored and starts nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from connections.models import Provider, Region
from connections.views import HtmxRequest
from probes import live
from probes.atlas import Spot, World
from probes.models import Vantage
from probes.states import State

Json = dict[str, Any]
PROVIDERS = dict(Provider.choices)


@dataclass(frozen=True)
class Line:
    """A row of the table; ``hidden`` when the filters of the address leave it out."""

    spot: Spot
    hidden: bool


@require_safe
def map_page(request: HtmxRequest) -> HttpResponse:
    seq = live.seq(live.FLEET)
    world = World.seen_from(settings.VANTAGE)
    wanted = {"provider": request.GET.get("provider", ""), "state": request.GET.get("state", "")}
    context = {
        "world": world,
        "lines": [Line(spot, _left_out(spot, wanted)) for spot in world.spots],
        "seq": seq,
        "live_url": "/ws/fleet/",
    }
    template = "map/_live_map.html" if request.htmx.target == "live" else "map/map.html"
    response = render(request, template, context)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def map_places(request: HttpRequest) -> HttpResponse:
    """Everything that the map draws, unfiltered."""
    world = World.seen_from(settings.VANTAGE)
    answer = {
        "vantages": [_vantage(request, one) for one in world.vantages],
        "places": {region.pk: _place(region) for region in world.places()},
        "providers": {value: PROVIDERS[value] for value in _providers(world.spots)},
        "states": {state.value: {"word": state.word, "shape": state.shape} for state in State},
        "connections": [spot.told() for spot in world.spots],
        "connection_url": reverse("connection-detail", args=[0]),
        "tiles": settings.MAP_TILES,
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _left_out(spot: Spot, wanted: Json) -> bool:
    provider, state = wanted["provider"], wanted["state"]
    return bool((provider and spot.connection.provider != provider) or (state and spot.state.value != state))


def _providers(spots: Iterable[Spot]) -> list[str]:
    """Those in use, in the order of the catalogue."""
    used = {spot.connection.provider for spot in spots}
    return [value for value in Provider.values if value in used]


def _place(region: Region) -> Json:
    return {
        "code": region.code,
        "city": region.city,
        "country": region.country,
        "latitude": region.latitude,
        "longitude": region.longitude,
    }


def _vantage(request: HttpRequest, vantage: Vantage) -> Json:
    """``edit`` is where its region is set, for those who may."""
    may = request.user.is_staff and request.user.has_perm("probes.change_vantage")
    return {
        "code": vantage.code,
        "name": str(vantage),
        "home": vantage.code == settings.VANTAGE,
        "active": vantage.active,
        "place": vantage.region_id,
        "edit": reverse("admin:probes_vantage_change", args=[vantage.pk]) if may else None,
    }


urlpatterns = [
    path("map/", map_page, name="map"),
    path("map/places/", map_places, name="map-places"),
]
