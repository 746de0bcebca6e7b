"""What the API tells of runs and results."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from ninja import ModelSchema, Schema
from pydantic import Field

from connections.models import Connection
from probes import plans
from probes.history.checks import COLUMNS
from probes.models import Kind, Measured, Result, Run
from probes.states import state_of

UNTIL = 2**63 - 1
FARTHEST = 1_000_000

Id = Annotated[int, Field(ge=1, le=UNTIL)]
Limit = Annotated[int, Field(ge=1, le=1000)]
Offset = Annotated[int, Field(ge=0, le=FARTHEST)]
StateOut = Annotated[str, Field(description="healthy, slow, unhealthy, or unknown.")]


class RunOut(Schema):
    """``done`` of ``total`` probes have a result, and ``failed`` of them did not reach what they should."""

    id: UUID
    kind: Kind
    params: dict[str, Any]
    source: Run.Source
    requested_by: str | None = Field(description="A user name; null for the system itself.")
    state: Run.State
    created_at: datetime
    finished_at: datetime | None
    total: int
    done: int
    failed: int

    @staticmethod
    def resolve_requested_by(run: Run) -> str | None:
        return run.requested_by.get_username() if run.requested_by else None

    @staticmethod
    def resolve_params(run: Run, context: Mapping[str, Any]) -> dict[str, Any]:
        return plans.shown(run.params, asker(context["request"]))


class ResultOut(ModelSchema):
    """One probe: what was measured. A null was not reached or does not exist; texts come from the server as they are."""

    connection: str | None = Field(description="Its name; null once it is deleted.")
    state: StateOut

    class Meta:
        model = Result
        fields = COLUMNS

    @staticmethod
    def resolve_state(result: Measured) -> str:
        return str(state_of(result).value)

    @staticmethod
    def resolve_connection(result: Measured) -> str | None:
        return cast(str | None, getattr(result, "connection_name", None))


class ResultInFull(ResultOut):
    detail: dict[str, Any] = Field(description="What its kind found; in brief where there are many results.")


class RunInFull(RunOut):
    results: list[ResultInFull]


def asker(request: HttpRequest) -> User | AnonymousUser:
    """Whose token was shown."""
    return request.user


def named(results: Iterable[Result]) -> list[Result]:
    """The results, each knowing the name of its connection."""
    listed = list(results)
    ids = {result.connection_id for result in listed}
    names = dict(Connection.objects.filter(pk__in=ids).values_list("pk", "name"))
    for result in listed:
        result.connection_name = names.get(result.connection_id)  # type: ignore[attr-defined]
    return listed
