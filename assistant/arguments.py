"""The arguments of tools: their schemas, and how what a model sent is held to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from assistant.evidence.fleet import Fleet
from assistant.redact import quoted, visible
from probes.history.windows import NAMED
from probes.models import Vantage

MOST_TEXT = 100
MOST_ROWS = 40
MOST_NAMED = 5

Schema = Mapping[str, Any]


class Wrong(Exception):
    """What a model sent does not fit; the message says what would."""


def text(description: str) -> Schema:
    return {"type": "string", "description": description, "maxLength": MOST_TEXT}


CONNECTION = text("The name of a connection, as it stands between « and ».")


def choice(*values: str, default: str = "") -> Schema:
    one: dict[str, Any] = {"type": "string", "enum": list(values)}
    return {**one, "default": default} if default else one


def window(default: str) -> Schema:
    return {**choice(*NAMED, default=default), "description": "How far back from now."}


def number(default: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": default}


def checked(given: object, schemas: Mapping[str, Schema], required: Sequence[str]) -> dict[str, Any]:
    """The arguments with their defaults. Raises `Wrong` for anything that the schemas do not allow."""
    if not isinstance(given, Mapping):
        raise Wrong("The arguments must be one JSON object.")
    if unknown := [str(name)[:MOST_TEXT] for name in given if name not in schemas]:
        raise Wrong(f"There is no argument {quoted(unknown[0])}. There are: {', '.join(schemas) or 'none'}.")
    # Many models send null, or nothing, for what they leave out.
    sent = {name: value for name, value in given.items() if value not in (None, "")}
    if missing := [name for name in required if name not in sent]:
        raise Wrong(f"The argument {missing[0]} is missing.")
    defaults = {name: one["default"] for name, one in schemas.items() if "default" in one}
    return {**defaults, **{name: _checked(name, value, schemas[name]) for name, value in sent.items()}}


def _checked(name: str, value: object, schema: Schema) -> str | int:
    if schema["type"] == "integer":
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= schema["maximum"]:
            raise Wrong(f"{name} must be a whole number from 1 to {schema['maximum']}.")
        return value
    if not isinstance(value, str):
        raise Wrong(f"{name} must be a text.")
    if "enum" in schema and value not in schema["enum"]:
        raise Wrong(f"{name} must be one of {', '.join(schema['enum'])}.")
    return visible(value[:MOST_TEXT])


def narrowed(fleet: Fleet, name: str | None) -> Fleet:
    """The fleet, or the one connection of it that is named. Raises `Wrong`."""
    return fleet.alone(connection(fleet, name)) if name else fleet


def vantage(code: str | None) -> str:
    """The vantage that is meant, home when none is named. Raises `Wrong`, with those that there are."""
    codes = list(Vantage.objects.values_list("code", flat=True)[:MOST_ROWS])
    if code and code not in codes:
        raise Wrong(f"There is no such vantage. There are: {', '.join(codes) or 'none'}.")
    return code or settings.VANTAGE


def connection(fleet: Fleet, name: str) -> int:
    """The connection that a model means by a name, as it was told it. Raises `Wrong`, with the names that come near."""
    wanted = name.strip().strip("«»\"'").strip().lower()
    names = {pk: fleet.name(pk).text.lower() for pk in fleet.connections}
    exact = [pk for pk, one in names.items() if one == wanted]
    near = exact or [pk for pk, one in names.items() if wanted and wanted in one]
    if len(near) == 1:
        return near[0]
    if not near:
        raise Wrong("There is no connection of this name. See list_connections.")
    meant = ", ".join(str(fleet.name(pk)) for pk in near[:MOST_NAMED])
    raise Wrong(f"Several connections match; name one of them in full: {meant}.")
