from functools import cache
from zoneinfo import available_timezones

from probes.timing.problems import TimingError

MOST_SHOWN = 100
"""Characters of a name that no zone has."""


def require_zone(name: str) -> None:
    """Raises `TimingError` when no time zone is called so."""
    if name not in _zones():
        raise TimingError(
            "time_zone", f"There is no time zone “{name[:MOST_SHOWN]}”: choose one such as Europe/Berlin."
        )


@cache
def _zones() -> frozenset[str]:
    """Python walks through all files of the zones each time, which takes longer than all the rest of a tick."""
    return frozenset(available_timezones())
