"""By which name wrong passwords are counted."""

from collections.abc import Mapping

from django.http import HttpRequest

LONGEST = 255
"""What django-axes has room for. No account has so long a name."""


def counted_name(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    return (credentials or request.POST).get("username", "")[:LONGEST]
