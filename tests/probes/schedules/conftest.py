from collections.abc import Callable

import pytest

from probes import schedules
from probes.models import Kind, Schedule
from probes.schedules import Draft


@pytest.fixture
def make_schedule(user) -> Callable[..., Schedule]:
    """Makes schedules of connection tests of everything, once a minute; any field can be given another value."""

    def make(name: str = "probe", **fields) -> Schedule:
        if "cron" not in fields:
            fields.setdefault("every_seconds", 60)
        draft = Draft(**{"name": name, "kind": Kind.CONNECTION, "jitter_seconds": 0, **fields})
        return schedules.create(draft, user=user)

    return make
