"""Connections and regions over HTTP, by the same forms and flows as the pages. A secret goes in and never out."""

from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import BaseModel, ConfigDict, Field

from connections import deleting, pasted
from connections.dsn import DsnError, parse
from connections.forms import ConnectionForm, EditForm
from connections.models import Connection, Provider, Region, SslMode

router = Router(tags=["Connections"])

LARGEST_PAGE = 200
FARTHEST = 1_000_000
UNTIL = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=UNTIL)]
Secret = Annotated[str | None, Field(json_schema_extra={"writeOnly": True})]


class RegionOut(Schema):
    code: str
    provider: Provider
    name: str
    city: str
    country: str = Field(description="ISO 3166-1, two letters.")
    latitude: float
    longitude: float


class ConnectionOut(Schema):
    id: int
    name: str
    host: str
    port: int
    database: str
    username: str
    has_password: bool
    sslmode: SslMode
    sslrootcert: str
    sslcert: str
    has_sslkey: bool
    connect_timeout: int = Field(description="Seconds.")
    pooled: bool
    twin: str | None = Field(description="The name of the other way to the same database.")
    provider: Provider
    region: str | None = Field(description="A region's code.")
    active: bool
    tags: list[str]
    simulated: bool = Field(description="Whether its distance is made up by a local proxy.")
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def resolve_has_password(connection: Connection) -> bool:
        return bool(connection.password_sealed)

    @staticmethod
    def resolve_has_sslkey(connection: Connection) -> bool:
        return bool(connection.sslkey_sealed)

    @staticmethod
    def resolve_twin(connection: Connection) -> str | None:
        return connection.twin.name if connection.twin else None

    @staticmethod
    def resolve_region(connection: Connection) -> str | None:
        return connection.region.code if connection.region else None


class ConnectionPage(Schema):
    items: list[ConnectionOut]
    count: int = Field(description="How many match, on all pages.")


class ConnectionIn(BaseModel):
    """Fields, or one ``dsn`` that fills in those that are not given; their limits are those of the pages' form."""

    model_config = ConfigDict(extra="forbid")

    dsn: Annotated[str, Field(json_schema_extra={"writeOnly": True})] = Field(
        "", description="postgresql://user:password@host:5432/database?sslmode=require"
    )
    name: str = ""
    host: str = ""
    port: int = 5432
    database: str = ""
    username: str = ""
    password: Secret = Field(None, description="null or empty is no password.")
    sslmode: SslMode = SslMode.REQUIRE
    sslrootcert: str = Field("", description="PEM text.")
    sslcert: str = Field("", description="PEM text.")
    sslkey: Secret = Field(None, description="PEM text without a passphrase; null or empty is no key.")
    connect_timeout: int = Field(10, description="Seconds, 1 to 60.")
    pooled: bool = False
    twin: str | None = Field(None, description="The name of the other way to the same database.")
    provider: Provider | None = Field(None, description="Guessed from the host when null.")
    region: str | None = Field(None, description="A region's code; guessed from the host when null.")
    active: bool = True
    tags: list[str] = []


class ConnectionPatch(ConnectionIn):
    """What is not named stays. A secret that is not named stays, too; null removes it."""

    updated_at: datetime | None = Field(
        None, description="As it was read: then nothing is changed if somebody else did meanwhile (409)."
    )


class ConnectionFilter(BaseModel):
    q: str = Field("", max_length=200, description="Words of its name, host, database, place or tags.")
    provider: Provider | None = None
    region: str = Field("", max_length=64, description="A region's code.")
    tag: str = Field("", max_length=32)
    active: bool | None = None
    limit: int = Field(50, ge=1, le=LARGEST_PAGE)
    offset: int = Field(0, ge=0, le=FARTHEST)


@router.get("/regions", response=list[RegionOut], summary="List regions")
def regions(request: HttpRequest) -> Any:
    return Region.objects.all()


@router.get("/connections", response=ConnectionPage, summary="List connections")
def connections(request: HttpRequest, asked: Query[ConnectionFilter]) -> Any:
    found = Connection.objects.search(asked.q).for_list().select_related("region", "twin")
    if asked.provider:
        found = found.filter(provider=asked.provider)
    if asked.region:
        found = found.filter(region__code=asked.region)
    if asked.tag:
        found = found.filter(tags__contains=[asked.tag])
    if asked.active is not None:
        found = found.filter(active=asked.active)
    return {"items": found[asked.offset : asked.offset + asked.limit], "count": found.count()}


@router.post("/connections", response={201: ConnectionOut}, summary="Create a connection")
def create_connection(request: HttpRequest, given: ConnectionIn) -> Any:
    """Its first test begins at once when it is active."""
    form = ConnectionForm(_typed(given, {}), instance=Connection(created_by_id=request.user.pk))
    return Status(201, _saved(form))


@router.get("/connections/{int:connection_id}", response=ConnectionOut, summary="Read a connection")
def connection(request: HttpRequest, connection_id: Id) -> Any:
    return get_object_or_404(Connection.objects.select_related("region", "twin"), pk=connection_id)


@router.patch("/connections/{int:connection_id}", response=ConnectionOut, summary="Change a connection")
def change_connection(request: HttpRequest, connection_id: Id, given: ConnectionPatch) -> Any:
    with transaction.atomic():
        # Locked, or what a key rotation or somebody else saves in between would be undone.
        stored = get_object_or_404(Connection.objects.select_for_update(), pk=connection_id)
        form = EditForm(_typed(given, _stored(stored)), instance=stored)
        if form.overtaken:
            raise HttpError(409, "Somebody changed this connection meanwhile. Read it again, then change it.")
        return _saved(form)


@router.delete("/connections/{int:connection_id}", response={204: None}, summary="Delete a connection")
def delete_connection(request: HttpRequest, connection_id: Id) -> Any:
    """For five minutes it can be restored; then it and its results are gone."""
    deleting.hide(get_object_or_404(Connection, pk=connection_id))
    return Status(204, None)


@router.post("/connections/{int:connection_id}/restore", response=ConnectionOut, summary="Undo a deletion")
def restore_connection(request: HttpRequest, connection_id: Id) -> Any:
    return deleting.restore(connection_id)


def _stored(connection: Connection) -> dict[str, Any]:
    """The fields of a connection as its form takes them, without its secrets."""
    fields = model_to_dict(connection, ConnectionForm.Meta.fields)
    named = {
        "region": connection.region.code if connection.region else "",
        "twin": connection.twin.name if connection.twin else "",
    }
    return {**fields, **named}


def _typed(given: ConnectionIn, stored: dict[str, Any]) -> dict[str, Any]:
    """What the form takes: what was given, else what its URL says, else what is stored, else the usual.

    What the URL's host tells fills in only what is not stored yet.
    """
    named = given.model_dump(exclude_unset=True)
    usual = {} if stored else given.model_dump(exclude={"dsn", "password", "sslkey"})
    typed = {**usual, **stored, **_told(given.dsn, stored), **named}
    for secret in ("password", "sslkey"):
        typed[f"remove_{secret}"] = secret in named and not named[secret] and not given.dsn
    stamp = typed.get("updated_at")
    return {**typed, "updated_at": stamp.isoformat() if stamp else ""}


def _told(dsn: str, stored: dict[str, Any]) -> dict[str, Any]:
    try:
        return pasted.fields_of(parse(dsn), stored) if dsn.strip() else {}
    except DsnError:
        # The form reads it, too, and says at its field what is wrong.
        return {}


def _saved(form: ConnectionForm) -> Connection:
    """Raises `ValidationError` with what the form says of each field."""
    if not (form.is_valid() and form.saved()):
        raise ValidationError(form.errors.as_data())
    return form.instance
