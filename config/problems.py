"""The one form in which the API says what went wrong: problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import JsonResponse
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """``field`` is where in the request it is wrong, as in ``body.port`` or ``query.limit``."""

    field: str
    message: str


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What happened, and what to do, in a sentence for people.")
    errors: list[FieldError] = Field(description="Which parts of the request are wrong; often empty.")


def problem(
    status: int,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }
    return JsonResponse(
        content, DjangoJSONEncoder, status=status, content_type=MEDIA_TYPE, headers=dict(headers or {})
    )
