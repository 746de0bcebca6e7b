"""The regions that come with the program, in ``regions.csv``. People may add rows of their own."""

import csv
from collections.abc import Iterator
from importlib.resources import files

from connections.models import Region

_COLUMNS_KEPT_CURRENT = ["provider", "name", "city", "country", "latitude", "longitude"]


def load_regions() -> int:
    """Adds and corrects the catalogue's regions by their code, and leaves all others alone. Says how many."""
    regions = list(_read())
    Region.objects.bulk_create(
        regions, update_conflicts=True, unique_fields=["code"], update_fields=_COLUMNS_KEPT_CURRENT
    )
    return len(regions)


def _read() -> Iterator[Region]:
    with files("connections").joinpath("regions.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield Region(
                code=row["code"],
                provider=row["provider"],
                name=row["name"],
                city=row["city"],
                country=row["country"],
                latitude=float(row["latitude"]),
                longitude=float(row["longitude"]),
            )
