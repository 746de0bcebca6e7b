"""A URL in the box of the form: what it fills in, and whether the fields still say the same."""

from collections.abc import Mapping
from typing import Any

from connections.dsn import Dsn
from connections.guess import guess
from connections.models import Region

DISAGREE = "The URL and the fields disagree. Press Fill in, or empty this box."
_WHOSE_PASSWORD = ("host", "port", "database", "username")


def fields_of(dsn: Dsn) -> dict[str, Any]:
    """What a URL fills into the form: everything but the password, and the place that its host tells."""
    guessed = guess(dsn.host, dsn.port)
    region = Region.objects.filter(code=guessed.region_code).values_list("code", flat=True).first()
    return {
        **dsn.fields(),
        "provider": guessed.provider or "",
        "region": region or "",
        "pooled": guessed.pooled,
    }


def agrees(dsn: Dsn, cleaned: Mapping[str, Any]) -> bool:
    """Whether the URL's password is meant for what the fields name; a field with an error does not count."""
    told = dsn.fields()
    return all(cleaned.get(name, told[name]) == told[name] for name in _WHOSE_PASSWORD)
