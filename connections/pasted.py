"""A URL in the box of the form: what it fills in, and whether the fields still say the same."""

from collections.abc import Mapping
from typing import Any

from connections.dsn import DEFAULT_CONNECT_TIMEOUT, DEFAULT_SSLMODE, Dsn
from connections.guess import guess
from connections.models import Region

DISAGREE = "The URL and the fields disagree. Press Fill in, or empty this box."
_USUAL = {"sslmode": DEFAULT_SSLMODE, "connect_timeout": DEFAULT_CONNECT_TIMEOUT}
_WHOSE_PASSWORD = ("host", "port", "database", "username")


def fields_of(dsn: Dsn, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What a URL fills into the form: what it says, but for the password, and for what is neither said nor chosen the
    usual, or what its host tells.
    """
    unsaid = {**_USUAL, **_place(dsn.host, dsn.port)}
    unchosen = {name: value for name, value in unsaid.items() if chosen.get(name) in (None, "")}
    return {**unchosen, **dsn.fields()}


def chosen_in(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen in a form, without what the host that stands there told when it was filled in."""
    port = str(typed.get("port") or "")
    told = _place(typed.get("host") or "", int(port) if port.isdecimal() else None)
    place = {name: typed.get(name) for name in told}
    place["pooled"] = bool(place["pooled"])
    return {**typed, **{name: None for name, value in place.items() if value == told[name]}}


def _place(host: str, port: int | None) -> dict[str, Any]:
    guessed = guess(host, port)
    region = Region.objects.filter(code=guessed.region_code).values_list("code", flat=True).first()
    return {"provider": guessed.provider or "", "region": region or "", "pooled": guessed.pooled}


def agrees(dsn: Dsn, cleaned: Mapping[str, Any]) -> bool:
    """Whether the URL's password is meant for what the fields name; a field with an error does not count."""
    told = dsn.fields()
    return all(cleaned.get(name, told[name]) == told[name] for name in _WHOSE_PASSWORD)
