"""What nobody should send: each gets a clear answer in the one form, and nothing happens."""

import json
import re

import pytest
from django.db import OperationalError
from django.test import Client

from config.entrance import MOST_BYTES
from connections.models import Connection
from probes.models import Run

pytestmark = pytest.mark.django_db


def is_problem(answer, status: int) -> dict:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert set(found) == {"type", "title", "status", "detail", "errors"}
    assert found["status"] == status
    assert found["detail"][0].isupper() or found["errors"]
    assert answer["Cache-Control"] == "no-store"
    return found


@pytest.fixture
def path(make_connection) -> str:
    return f"/connections/{make_connection(active=False).pk}/latency"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"params": {"samples": NaN}}',
        b'{"params": {"samples": Infinity}}',
        b'{"params": {"sql": "\\ud800"}}',
        b'{"params": {"sql": "\\u0000"}}',
        b'{"params": {"\\u0000": 1}}',
        b'{"vantages": ["home", "\\u0000"]}',
        b"[" * 100_000,
        b'{"params": {"samples": ' + b"9" * 10_000 + b"}}",
    ],
)
def test_what_is_no_json_is_refused(asked, path, body):
    answer = asked.client.post(f"/api{path}", body, content_type="application/json")
    assert "JSON" in is_problem(answer, 400)["detail"]
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        7,
        True,
        {"samples": 5},
        {"params": []},
        {"params": {"samples": "many"}},
        {"params": {"nothing": 1}},
        {"params": {"samples": None}},
        {"vantages": "home"},
        {"vantages": [1]},
        {"vantages": ["nowhere"]},
        {"vantages": ["x" * 1000]},
        {"vantages": [""]},
        {"vantages": ["home"] * 101},
    ],
)
def test_json_of_another_shape_is_refused(asked, path, body):
    is_problem(asked.post(path, body), 422)
    assert not Run.objects.exists()


def test_a_body_that_is_too_large_is_refused(asked, path):
    body = json.dumps({"params": {"sql": "x" * MOST_BYTES}})
    is_problem(asked.client.post(f"/api{path}", body, content_type="application/json"), 413)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""]
)
def test_a_body_of_another_kind_is_refused(asked, path, kind):
    answer = asked.client.post(f"/api{path}", b"{}", content_type=kind)
    assert "Content-Type: application/json" in is_problem(answer, 415)["detail"]


def test_no_body_is_as_good_as_an_empty_one(asked, path):
    assert asked.client.post(f"/api{path}", b"", content_type="").status_code == 202


def test_what_does_not_exist_is_not_found(asked, path):
    is_problem(asked.get("/nothing"), 404)
    is_problem(asked.get("/"), 404)
    is_problem(asked.get("/connections/999999999999999"), 404)
    is_problem(asked.get("/connections/999999999999999999999999999"), 422)
    is_problem(asked.get("/connections/-1"), 404)
    is_problem(asked.get("/connections/one"), 404)
    is_problem(asked.get("/runs/none"), 404)
    is_problem(asked.get("/runs/01934d0e-0000-7000-8000-000000000000"), 404)
    is_problem(asked.get("/health/nowhere"), 404)
    is_problem(asked.post("/connections/12345/connection"), 404)
    is_problem(asked.post("/test/connection/nowhere"), 404)
    is_problem(asked.post(f"{path}/more"), 404)


def test_a_kind_that_does_not_exist_is_named(asked, path):
    assert is_problem(asked.post(path.replace("latency", "vacuum")), 422)["errors"][0]["field"] == "path.kind"


def test_a_method_that_an_address_does_not_take_is_said_with_those_that_it_does(asked):
    answer = asked.client.put("/api/connections", b"", content_type="application/json")
    is_problem(answer, 405)
    assert answer["Allow"] == "GET, POST"
    is_problem(asked.get("/test/all-regions"), 405)


def test_nul_in_an_address_is_refused(asked):
    is_problem(asked.get("/connections?q=%00"), 400)
    is_problem(asked.get("/health/a%00b"), 400)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=" + "9" * 400,
        "before=nonsense",
        "before=a&after=b",
        "window=year",
        "from=yesterday",
        "from=2030-01-01",
        "from=0001-01-01&to=0001-12-31",
        "connection=x",
        "kind=vacuum",
        "outcome=odd",
        "provider=nobody",
        "region=nowhere",
        "vantage=%27;--",
        "points=1",
        "points=100000",
        "points=10&measure=secret",
        "points=10&outcome=failed",
        "points=10&error=tcp_refused",
        "points=10&run=01934d0e-0000-7000-8000-000000000000",
        "format=xml",
    ],
)
def test_questions_to_the_history_that_cannot_be_answered_say_why(asked, query):
    is_problem(asked.get(f"/history?{query}"), 422)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(asked, path, key):
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    is_problem(asked.post(path, headers=headers), 422)
    assert not Run.objects.exists()


def test_nothing_to_test_is_said(asked):
    assert "nothing to test" in is_problem(asked.post("/test/all-regions"), 422)["detail"]
    is_problem(asked.post("/runs", {"connections": []}), 422)
    is_problem(asked.post("/runs", {"connections": [0]}), 422)
    is_problem(asked.post("/runs", {}), 422)


def test_a_foreign_host_is_refused(asked):
    is_problem(asked.get("/regions", headers={"Host": "evil.example.org"}), 400)


def test_over_plain_http_nothing_is_answered_where_https_is_expected(asked, settings):
    settings.HTTPS = True
    assert "HTTPS" in is_problem(asked.get("/regions"), 403)["detail"]
    assert asked.get("/regions", secure=True).status_code == 200


def test_a_database_that_is_away_is_said_and_not_a_crash(asked, monkeypatch):
    def away(*args, **kwargs):
        """Stands for a server that is gone: a real one would be gone for every test beside this one."""
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(Connection.objects, "search", away)
    answer = asked.get("/connections")
    assert "server closed" not in is_problem(answer, 503)["detail"]
    assert answer["Retry-After"]


def test_a_fault_of_ours_has_the_same_form_and_tells_nothing(asked, monkeypatch):
    monkeypatch.setattr(Connection.objects, "search", lambda text: 1 / 0)
    asked.client.raise_request_exception = False
    assert "division" not in is_problem(asked.get("/connections"), 500)["detail"]


def test_everything_asks_for_a_token(db):
    """Each operation that the description lists, without one and with a wrong one."""
    described = Client().get("/api/openapi.json").json()
    for headers in ({}, {"Authorization": "Bearer mrd_wrong"}):
        stranger = Client(headers=headers)
        for path, methods in described["paths"].items():
            for method in methods:
                address = path.replace("{run_id}", "01934d0e-0000-7000-8000-000000000000")
                for name, value in {"kind": "latency", "region_id": "x"}.items():
                    address = address.replace(f"{{{name}}}", value)
                answer = stranger.generic(method.upper(), re.sub(r"\{[a-z_]+\}", "1", address))
                assert answer.status_code in {401, 429}, (method, path)
                assert answer["Content-Type"] == "application/problem+json"
