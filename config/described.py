"""The description of the API (OpenAPI), completed with every answer that the door and the flows give."""

from http import HTTPStatus
from typing import Any

from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema

from config.problems import MEDIA_TYPE, Problem

ALWAYS = {400, 401, 403, 429, 503}
WITH_PARAMETERS = {404, 422}
WITH_BODY = {413, 415, 422}
WRITING = {409}
_PROBLEM = {"$ref": REF_TEMPLATE.format(model=Problem.__name__)}
_RATE = {
    "RateLimit-Limit": "Requests a minute that this token may send.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds until they begin anew.",
}
_HEADERS = {
    name: {"description": text, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
    for name, text in _RATE.items()
}


def completed(schema: OpenAPISchema) -> OpenAPISchema:
    model = Problem.model_json_schema(ref_template=REF_TEMPLATE)
    schemas = schema["components"]["schemas"]
    schemas |= {**model.pop("$defs"), Problem.__name__: model}
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            _complete(method, operation)
    return schema


def _complete(method: str, operation: dict[str, Any]) -> None:
    statuses = set(ALWAYS)
    if operation["parameters"]:
        statuses |= WITH_PARAMETERS
    if "requestBody" in operation:
        statuses |= WITH_BODY
    if method != "get":
        statuses |= WRITING
    for answer in operation["responses"].values():
        answer.setdefault("headers", {}).update(_HEADERS)
    operation["responses"] |= {status: _problem(status) for status in sorted(statuses)}


def _problem(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
