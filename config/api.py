"""The HTTP API: the routers of all rooms behind one door, with one form of error and one description."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder
from ninja.types import DictStrAny

from assistant.api import router as chat
from config import described
from config.bearer import PersonalToken
from config.refusals import answer_to
from connections.api import router as connections
from probes.api import router as probes
from probes.schedule_api import router as schedules

VERSION = "1"
ABOUT = """Test PostgreSQL databases from programs: the same flows, rules and rights as the pages.

Show a personal token with every request (`Authorization: Bearer mrd_…`); the page *API tokens* makes one. What goes
wrong is said as problem details (RFC 9457). Times are UTC, durations milliseconds unless a name says otherwise."""


class Encoder(NinjaJSONEncoder):
    def default(self, o: Any) -> Any:
        # Django's encoder cuts to milliseconds: what was read could not be sent back as it is.
        return o.isoformat().replace("+00:00", "Z") if isinstance(o, datetime) else super().default(o)


class Renderer(JSONRenderer):
    encoder_class = Encoder


class StrictParser(Parser):
    """JSON and nothing else: no NaN, and no text that cannot be stored."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        found: DictStrAny = json.loads(request.body.decode(), parse_constant=_no_number)
        for text in _texts(found):
            # Half a surrogate pair is written as an escape, so that the bytes themselves were right.
            text.encode()
            if "\0" in text:
                raise ValueError("text holds a NUL character")
        return found


def _texts(found: Any) -> Iterator[str]:
    """Every text in it, names included, however deep it lies."""
    left = [found]
    while left:
        match left.pop():
            case str(text):
                yield text
            case dict(fields):
                left += [*fields, *fields.values()]
            case list(parts):
                left += parts


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


class MeridianAPI(NinjaAPI):
    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        answer = answer_to(exc)
        if answer is None:
            raise exc
        return answer

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        return described.completed(super().get_openapi_schema(**options))


api = MeridianAPI(
    title="Meridian",
    version=VERSION,
    description=ABOUT,
    urls_namespace="api",
    docs_url=None,
    auth=PersonalToken(),
    parser=StrictParser(),
    renderer=Renderer(),
)
api.add_router("", connections)
api.add_router("", probes)
api.add_router("/schedules", schedules)
api.add_router("/chat", chat)
