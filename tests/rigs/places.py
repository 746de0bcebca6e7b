"""Two places, a home vantage, and the newest results that the map reads."""

from datetime import UTC, datetime
from typing import Any

from connections.models import Connection, Region
from probes.models import Kind, Latest, Vantage, uuid7
from tests.rigs.results import GOOD

NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)


def dublin() -> Region:
    return _region("test-dublin", city="Dublin", country="IE", latitude=53.33, longitude=-6.25)


def tokyo() -> Region:
    return _region("test-tokyo", city="Tokyo", country="JP", latitude=35.69, longitude=139.69)


def home(region: Region | None = None) -> Vantage:
    return Vantage.objects.create(code="home", region=region)


def measured(connection: Connection, **fields: Any) -> None:
    """Keeps a newest connection test from the home vantage, a good one unless the fields say otherwise."""
    given = {"kind": Kind.CONNECTION, "vantage": "home", "run_id": uuid7(), **GOOD, **fields}
    Latest.objects.create(connection=connection, issued_at=NOW, started_at=NOW, finished_at=NOW, **given)


def _region(code: str, **fields: Any) -> Region:
    return Region.objects.create(code=code, name=code, provider="aws", **fields)
