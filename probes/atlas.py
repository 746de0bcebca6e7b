"""Where connections and vantages are, how far apart, and what light in fibre needs for it: the one place for that rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any, Self

from connections.models import Connection, Region
from probes.history.glances import Glance, glances_of
from probes.models import Kind, Vantage
from probes.states import State, state_of
from probes.telling.figures import NONE, ms
from probes.templatetags.figures import latency_class

EARTH_RADIUS_KM = 6371.0088
FIBRE_KM_PER_MS = 204.0
"""Light in a vacuum, over the refractive index of the silica that long-haul fibre is made of: 299.79 / 1.468."""
CITY_KM = 50.0
"""A region is known by its city, and its machines stand somewhere around it: nearer than this says nothing."""
TIMES = "\N{MULTIPLICATION SIGN}"


def great_circle_km(one: Region, other: Region) -> float:
    """The shortest way over the ground between two places, on a sphere (0.5 % at most from the true figure)."""
    north, south = radians(one.latitude), radians(other.latitude)
    across = sin((south - north) / 2) ** 2
    along = cos(north) * cos(south) * sin(radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, across + along)))


def fibre_floor_ms(km: float) -> float:
    """There and back in a fibre laid along the shortest way: no measurement can be below it."""
    return 2 * km / FIBRE_KM_PER_MS


@dataclass(frozen=True)
class Path:
    """The shortest way from a vantage to a connection."""

    km: float

    @classmethod
    def between(cls, one: Region | None, other: Region | None) -> Self | None:
        """None unless both places are known."""
        return cls(great_circle_km(one, other)) if one and other else None

    @property
    def distance(self) -> str:
        return f"< {CITY_KM:.0f} km" if self.is_local else f"{self.km:,.0f} km"

    @property
    def is_local(self) -> bool:
        return self.km < CITY_KM

    @property
    def floor_ms(self) -> float | None:
        """There and back in fibre; None where both are in one city."""
        return None if self.is_local else fibre_floor_ms(self.km)

    def ratio(self, measured_ms: float) -> float | None:
        """How many times the floor this is, never below one; None where the places are too near or cannot be right."""
        if self.floor_ms is None or self.belies(measured_ms):
            return None
        return max(1.0, measured_ms / self.floor_ms)

    def belies(self, measured_ms: float) -> bool:
        """Whether light could not have made it, even if both ends are at the near edge of their cities."""
        return measured_ms < fibre_floor_ms(self.km - 2 * CITY_KM)

    def compared(self, measured_ms: float) -> str:
        """A measured round trip beside the floor, in words."""
        if self.is_local:
            return "in the same city"
        if self.belies(measured_ms):
            return "faster than light in fibre: check both places"
        return f"{times(self.ratio(measured_ms))} the fibre floor"


def times(ratio: float | None) -> str:
    """How many times: one decimal below ten, none above."""
    if ratio is None:
        return NONE
    return f"{ratio:.1f} {TIMES}" if ratio < 9.95 else f"{ratio:.0f} {TIMES}"


@dataclass(frozen=True)
class Spot:
    """A connection as the map shows it; ``path`` leads to it from the vantage, and is None where it is not real."""

    connection: Connection
    latest: Glance | None
    path: Path | None

    @property
    def state(self) -> State:
        return state_of(self.latest)

    @property
    def latency_ms(self) -> float | None:
        """One round trip on the open connection; None unless the last test worked."""
        return self.latest.query_ms if self.latest and self.latest.ok else None

    @property
    def made_up(self) -> str:
        """The word for a latency that is not that of a real distance, else ""."""
        if self.connection.simulated or (self.latest and self.latest.simulated):
            return "simulated"
        return "synthetic" if self.latest and self.latest.synthetic else ""

    @property
    def strained(self) -> bool:
        return bool(self.latest and self.latest.strained)

    @property
    def ratio(self) -> float | None:
        """The measured round trip over the fibre floor; None where the two cannot be compared."""
        if self.path is None or self.latency_ms is None or self.strained:
            return None
        return self.path.ratio(self.latency_ms)

    @property
    def grade(self) -> str:
        """The class that colours the latency."""
        return latency_class(None if self.strained else self.latency_ms)

    @property
    def latency(self) -> str:
        """The measured round trip, or why there is none."""
        if self.latest is None:
            return "not tested yet"
        if self.latency_ms is None:
            return self.latest.error_code or "no latency"
        return f"≈ {ms(self.latency_ms)}" if self.strained else ms(self.latency_ms)

    @property
    def comparison(self) -> str:
        """How the measured round trip compares with light in fibre, or why it cannot be compared."""
        if self.latency_ms is None:
            return ""
        if self.made_up:
            return self.made_up
        if self.strained:
            return "measured while the worker was busy"
        return self.path.compared(self.latency_ms) if self.path else ""

    def told(self) -> dict[str, Any]:
        """What the map's scripts draw it from; ``floor`` is "" where both are in one city, or no distance is real."""
        one = self.connection
        return {
            "id": one.pk,
            "name": one.name,
            "provider": one.provider,
            "place": one.region_id,
            "state": self.state.value,
            "active": one.active,
            "made_up": self.made_up,
            "ms": self.latency_ms,
            "grade": self.grade,
            "latency": self.latency,
            "comparison": self.comparison,
            "distance": self.path.distance if self.path else "",
            "floor": ms(self.path.floor_ms) if self.path and not self.path.is_local else "",
            "ratio": self.ratio,
        }


@dataclass(frozen=True)
class World:
    """All connections by name and all vantages by code, as seen from one of these. ``home`` is None before it is known."""

    home: Vantage | None
    vantages: Sequence[Vantage]
    spots: Sequence[Spot]

    @classmethod
    def seen_from(cls, code: str) -> Self:
        """Three statements, however many connections."""
        vantages = list(Vantage.objects.select_related("region"))
        home = next((vantage for vantage in vantages if vantage.code == code), None)
        connections = list(Connection.objects.for_list())
        latest = glances_of((one.pk for one in connections), code, Kind.CONNECTION)
        return cls(home, vantages, [_spot(one, latest.get(one.pk), home) for one in connections])

    def places(self) -> set[Region]:
        """Where somebody stands."""
        regions = {vantage.region for vantage in self.vantages} | {
            spot.connection.region for spot in self.spots
        }
        return {region for region in regions if region}

    @property
    def homeless(self) -> Sequence[Spot]:
        """Those that have no place on the map."""
        return [spot for spot in self.spots if spot.connection.region is None]


def spots_of(tested: Iterable[tuple[Connection, Glance | None]], code: str) -> list[Spot]:
    """The connections, with the newest connection test of each from the vantage ``code``. One statement."""
    home = Vantage.objects.select_related("region").filter(code=code).first()
    return [_spot(connection, latest, home) for connection, latest in tested]


def _spot(connection: Connection, latest: Glance | None, home: Vantage | None) -> Spot:
    spot = Spot(connection, latest, None)
    if spot.made_up or home is None:
        return spot
    return Spot(connection, latest, Path.between(home.region, connection.region))
