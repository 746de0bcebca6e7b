"""How far two places are from each other."""

import math

KM_PER_MS = 100.0
"""How far light goes in glass and back in a millisecond."""

DETOUR = 1.4
"""Cables take so much more than the shortest way."""

Place = tuple[float, float]
"""Latitude and longitude in degrees."""


def round_trip_ms(one: Place, other: Place) -> float:
    """What a network usually takes between them and back."""
    return 0.4 + _kilometres(one, other) / KM_PER_MS * DETOUR


def _kilometres(one: Place, other: Place) -> float:
    """Kilometres between two places given in degrees, over the ground."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    across = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * 6371 * math.asin(math.sqrt(across))
