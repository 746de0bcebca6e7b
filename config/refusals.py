"""What the flows raise, as the API answers it: one line for each, so that no router catches anything."""

import logging
from collections.abc import Iterator

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    DisallowedHost,
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpResponse
from django.http.request import UnreadablePostError
from ninja import errors as ninja

from config.problems import problem
from connections.deleting import CannotRestore, Gone
from probes import dispatch, history
from probes.engine.plan import PlanError

logger = logging.getLogger(__name__)

NOT_FOUND = "There is nothing here: it was deleted, or the address is wrong."
NOT_JSON = "The body cannot be read as JSON"
CHECK = "Nothing was changed: some parts of the request need another look."


def answer_to(error: Exception) -> HttpResponse | None:
    """The problem that the error means for whoever asked; None for a fault of our own."""
    match error:
        case ninja.HttpError(status_code=400) if error.__cause__ is not None:
            return problem(400, f"{NOT_JSON}: {error.__cause__}.")
        case ninja.HttpError():
            return problem(error.status_code, str(error), headers=getattr(error, "headers", None))
        case ninja.ValidationError():
            return problem(422, CHECK, list(_of_schema(error)))
        case ValidationError():
            return problem(422, CHECK, list(_of_model(error)))
        case PlanError():
            field = {"field": f"body.params.{error.field}", "message": error.message}
            return problem(422, str(error), [field])
        case dispatch.NotPermitted() | PermissionDenied():
            return problem(403, str(error) or "You may not do this.")
        case dispatch.NothingToTest() | dispatch.SeveralPlaces() | history.Refused():
            return problem(422, str(error))
        case Gone() | Http404() | ObjectDoesNotExist():
            return problem(404, str(error) if isinstance(error, Gone) else NOT_FOUND)
        case dispatch.Refused() | CannotRestore():
            return problem(409, str(error))
        case history.Busy():
            return problem(429, str(error), headers={"Retry-After": "60"})
        case RequestDataTooBig():
            return problem(413, "The body is too large.")
        case DisallowedHost():
            return problem(400, "This host name is not one of ours.")
        case SuspiciousOperation() | UnreadablePostError():
            return problem(400, "The request cannot be read.")
        case DatabaseError() | InterfaceError():
            return _database_away(error)
    return None


def _database_away(error: Exception) -> HttpResponse | None:
    """Only what says that the database does not answer; whatever else it complains of is a fault of ours."""
    if type(error).__name__ not in {"OperationalError", "InterfaceError"}:
        return None
    logger.error("The API could not answer, because the database is away: %s", error)
    detail = "The database does not answer. Nothing was accepted; try again in a moment."
    return problem(503, detail, headers={"Retry-After": "5"})


def _of_schema(error: ninja.ValidationError) -> Iterator[dict[str, str]]:
    for one in error.errors:
        message = str(one["msg"]).removeprefix("Value error, ")
        yield {"field": ".".join(map(str, one["loc"])), "message": message}


def _of_model(error: ValidationError) -> Iterator[dict[str, str]]:
    """The errors of a form or a model at the fields of the body that they came from."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    for field, messages in by_field.items():
        where = "body" if field == NON_FIELD_ERRORS else f"body.{field}"
        yield from ({"field": where, "message": message} for message in messages)
