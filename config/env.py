"""Typed readers for environment variables; ``NAME_FILE`` names a file that holds the value of ``NAME``.

Every reader takes the environment it reads from, so that tests and the embedded stack can pass their own.
A value that cannot be read raises `ImproperlyConfigured` with what was expected, never with the value.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

LONGEST_NUMBER = 20
DATABASE_URL_SHAPE = (
    "DATABASE_URL must look like postgresql://user:password@host:5432/database, "
    "with @ : / ? # and % in its password percent-encoded."
)
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
TILE_URL_SHAPE = (
    "MERIDIAN_TILE_URL must look like https://tiles.example.org/{z}/{x}/{y}.png, with one host and no user."
)


class Env:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def text(self, name: str, default: str = "") -> str:
        """The stripped value of ``name``, else the content of the file that ``name_FILE`` names, else ``default``."""
        value = self.environ.get(name, "").strip()
        if value:
            return value
        path = self.environ.get(f"{name}_FILE", "").strip()
        if not path:
            return default
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError:
            # The error would carry the content along.
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: it is not text in UTF-8.") from None

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value in TRUE | FALSE:
            return value in TRUE
        raise ImproperlyConfigured(f"{name} must be 1 or 0.")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if (
            value.isascii()
            and value.isdigit()
            and len(value) < LONGEST_NUMBER
            and least <= int(value) <= most
        ):
            return int(value)
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}.")

    def words(self, name: str, default: str = "") -> list[str]:
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]


def database_from_url(url: str) -> dict[str, Any]:
    """Django's settings for a ``postgresql://`` URL; its query options (``sslmode=…``) reach libpq unchanged.

    Raises ImproperlyConfigured, also for a password that would have to be percent-encoded.
    """
    try:
        parts = urlsplit(url)
        port = 5432 if parts.port is None else parts.port
    except ValueError:
        # Its message quotes pieces of the URL, which may be the password.
        raise ImproperlyConfigured(DATABASE_URL_SHAPE) from None
    if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname or not port or parts.fragment:
        raise ImproperlyConfigured(DATABASE_URL_SHAPE)
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.hostname,
        "PORT": port,
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": {key: unquote(value) for key, value in options.items()},
    }


def tiles_from_url(url: str, attribution: str) -> dict[str, str] | None:
    """Where map tiles come from: their ``url``, its ``origin`` and what the map says of them; None without a URL.

    Raises ImproperlyConfigured.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        raise ImproperlyConfigured(TILE_URL_SHAPE) from None
    plain = re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?", origin) and not re.search(r"[\s;,'\"]", url)
    places = set(re.findall(r"\{(.*?)\}", f"{parts.path}?{parts.query}"))
    if not plain or not {"z", "x", "y"} <= places <= {"z", "x", "y", "r"} or parts.username is not None:
        raise ImproperlyConfigured(TILE_URL_SHAPE)
    return {"url": url, "origin": origin, "attribution": attribution or f"Tiles: {parts.hostname}"}


def embedded_state(home: Path) -> dict[str, Any]:
    """What the embedded stack wrote about itself (``stack.json``), or nothing when it never ran here."""
    try:
        state = json.loads((home / "stack.json").read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
