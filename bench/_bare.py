"""The peer of `bench.api`: a Django with one view and no middleware, which commits one row for each request."""

import os

import psycopg
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from config.env import database_from_url

TABLE = "bench_bare"


def insert(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} (asked) VALUES (%s) RETURNING id", [request.body.decode()])
        [number] = cursor.fetchone()
    response = JsonResponse({"id": number}, status=202)
    response["Content-Length"] = len(response.content)
    return response


urlpatterns = [path("", insert)]

with psycopg.connect(os.environ["DATABASE_URL"]) as own:
    own.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (id bigserial PRIMARY KEY, asked text NOT NULL)")
database = database_from_url(os.environ["DATABASE_URL"])
database["CONN_MAX_AGE"] = 0
# As many connections as Meridian's own web process shares among its threads.
database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 5}
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": database},
    ROOT_URLCONF=__name__,
    SECRET_KEY="bench",
    USE_TZ=True,
)
application = get_asgi_application()
