"""Nonsense sent to the pages gets a clear answer and never an error of ours."""

import json

import pytest

from connections.models import Connection
from probes.models import Run
from tests.rigs import servers

pytestmark = pytest.mark.django_db(transaction=True)
RUN = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("ids", [[], ["x"], ["9" * 5000], ["-1"], ["1.5"], ["٣"], ["0"], [""]])
def test_a_selection_of_nothing_asks_for_nothing(client, ids):
    response = client.post("/connections/test/", {"connection": ids}, headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert "nothing to test" in response["HX-Trigger"]
    assert Run.objects.count() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/connections/99999999999999999999/",
        "/connections/0/",
        f"/runs/{RUN}/",
        f"/runs/{RUN}/results/1/home/",
        f"/runs/{RUN}/results/1/%00/",
        "/runs/nothing/",
    ],
)
def test_an_address_of_nothing_is_not_found(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("query", ["%", "_", "\\", "'; drop table", "🐘", "\u202e", "a" * 5000, "%00"])
def test_any_search_is_answered(client, make_connection, query):
    make_connection("target")
    assert client.get("/connections/", {"q": query}).status_code == 200


def test_a_trial_with_a_stored_password_that_no_key_opens_says_so(client, make_connection):
    stored = make_connection("orders")
    Connection.objects.update(password_sealed="deadbeef.gAAAAA")
    fields = {
        "pk": stored.pk,
        "name": stored.name,
        "host": stored.host,
        "port": stored.port,
        "database": stored.database,
        "username": stored.username,
        "sslmode": stored.sslmode,
        "connect_timeout": 5,
    }
    response = client.post("/connections/try/", fields)
    assert response.status_code == 422
    assert "deadbeef" in response.text


def test_a_trial_without_a_broker_says_what_is_away(client, make_connection):
    fields = {
        "name": "new",
        "host": "127.0.0.1",
        "port": "5432",
        "database": "d",
        "username": "u",
        "sslmode": "require",
        "connect_timeout": "5",
    }
    servers.valkey.kill()
    try:
        assert "queue cannot be reached" in client.post("/connections/try/", fields).text
        assert "queue cannot be reached" in client.get(f"/connections/try/{RUN}/").text
        page = client.get("/")
        assert page.status_code == 200
        assert "The message broker does not answer" in page.text
    finally:
        servers.valkey.start()


def test_a_page_says_when_no_worker_is_there(client, make_connection):
    make_connection()
    assert "No worker is there to run tests" in client.get("/").text


@pytest.mark.parametrize(
    "name", ["\"quoted\" 'name'", "100 %", "🐘", "\u202eright to left", "<script>alert(1)</script>"]
)
def test_a_toast_carries_any_name_in_its_header(client, make_connection, name):
    connection = make_connection(name)
    response = client.post(f"/connections/{connection.pk}/test/", headers={"HX-Request": "true"})
    assert json.loads(response["HX-Trigger"])["toast"]["text"] == f"Testing {name}"
