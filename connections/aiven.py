"""Connections from ``AIVEN_PG_<REGION>`` variables, each of which holds a connection string."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from connections import vault
from connections.dsn import Dsn, DsnError, parse
from connections.guess import guess
from connections.models import Connection, Provider, Region

PREFIX = "AIVEN_PG_"
_KNOWN_AS = {
    "US_EAST": "aws-us-east-1",
    "EU_WEST": "aws-eu-west-1",
    "ASIA_PACIFIC": "aws-ap-southeast-1",
}
_CAPITALS = {"us": "US", "eu": "EU", "aws": "AWS", "uk": "UK", "uae": "UAE"}


def import_from(environ: Mapping[str, str]) -> list[str]:
    """Makes or updates a connection for each variable; one line for each says what happened, never its value.

    Doing it again changes nothing. What people set besides the URL (tags, certificates, whether it is active) stays.
    """
    return [
        f"{variable}: {_import(variable.removeprefix(PREFIX), text)}"
        for variable, text in sorted(environ.items())
        if variable.startswith(PREFIX) and len(variable) > len(PREFIX) and text.strip()
    ]


def is_set(environ: Mapping[str, str]) -> bool:
    """Whether any such variable names a connection."""
    return any(variable.startswith(PREFIX) and text.strip() for variable, text in environ.items())


def _import(region: str, text: str) -> str:
    try:
        dsn = parse(text)
    except DsnError as error:
        return f"not imported. {error.message}"
    name = "Aiven " + " ".join(_CAPITALS.get(word, word.title()) for word in region.lower().split("_"))
    with transaction.atomic():
        stored = Connection.objects.named(name).select_for_update().first()
        connection = stored or Connection(name=name, provider=Provider.AIVEN)
        changed = _apply(connection, dsn, region)
        if stored and not changed:
            return f"“{name}” is unchanged."
        try:
            connection.full_clean()
        except ValidationError as error:
            return f"not imported. {' '.join(error.messages)}"
        connection.save()
    return f"“{name}” was {'updated' if stored else 'added'}."


def _apply(connection: Connection, dsn: Dsn, region: str) -> bool:
    """Sets what the URL says; returns whether that changed anything."""
    wanted: dict[str, Any] = {
        "pooled": connection.pooled or guess(dsn.host, dsn.port).pooled,
        **dsn.fields(),
        "region": connection.region or _region(region),
    }
    changed = {name for name, value in wanted.items() if getattr(connection, name) != value}
    for name in changed:
        setattr(connection, name, wanted[name])
    if _password_differs(connection, dsn.password):
        connection.set_password(dsn.password)
        changed.add("password")
    return bool(changed)


def _password_differs(connection: Connection, password: str) -> bool:
    try:
        return connection.open_password() != password
    except vault.Unreadable:
        return True


def _region(name: str) -> Region | None:
    """The region that the variable's name means: an alias of ours, or a code with or without its cloud."""
    code = _KNOWN_AS.get(name, name.lower().replace("_", "-"))
    found = Region.objects.in_bulk([code, f"aws-{code}"], field_name="code")
    return found.get(code) or found.get(f"aws-{code}")
