"""How whoever asks for a run is answered: once it is durable, or with ``wait`` once it has ended."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Header
from ninja.errors import HttpError
from pydantic import BaseModel, Field

from probes import history, repeats, waiting
from probes.api.schemas import RunInFull, RunOut, asker, named
from probes.models import Run


class Manner(BaseModel):
    """How to answer."""

    wait: float = Field(
        0,
        ge=0,
        le=waiting.LONGEST,
        description="Seconds to wait for the end: 200 and the results if it came, else 202 as without.",
    )


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=repeats.LONGEST_KEY,
        pattern=r"^[!-~]+$",
        description="Asking again with the same key within a day gives the same run instead of another one.",
    ),
]
ANSWERS: dict[int, Any] = {200: RunInFull, 202: RunOut}


def answered(
    request: HttpRequest,
    ask: Callable[[], Run],
    manner: Manner,
    key: str | None,
    body: BaseModel | None = None,
) -> HttpResponse:
    try:
        run = repeats.once(key, asker(request), _digest(request, body), ask) if key else ask()
    except repeats.KeyUsed as refusal:
        raise HttpError(422, str(refusal)) from None
    if manner.wait:
        return waiting.Later(run.pk, manner.wait, lambda: _now(request, run))
    return _shown(request, run)


def _digest(request: HttpRequest, body: BaseModel | None) -> bytes:
    """Of what was asked, however it was written."""
    asked = [request.path_info, body.model_dump(mode="json") if body else None]
    return sha256(json.dumps(asked, sort_keys=True).encode()).digest()


def _now(request: HttpRequest, asked: Run) -> HttpResponse:
    """The run as it is by now: in full when it has ended."""
    run = Run.objects.select_related("requested_by").filter(pk=asked.pk).first()
    return _shown(request, run or asked)


def _shown(request: HttpRequest, run: Run) -> HttpResponse:
    context = {"request": request}
    if run.is_open:
        status, shown = 202, RunOut.from_orm(run, context=context)
    else:
        run.results = named(history.of_run(run))  # type: ignore[attr-defined]
        status, shown = 200, RunInFull.from_orm(run, context=context)
    return HttpResponse(
        shown.model_dump_json(),
        status=status,
        content_type="application/json; charset=utf-8",
        headers={"Location": reverse("api:run", args=[run.pk])},
    )
