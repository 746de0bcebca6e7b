"""Programs that ask the API: each holds a token of somebody."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config.models import ApiToken
from connections.models import Region


class Program:
    """Asks with a token, or without one; bodies are JSON."""

    def __init__(self, token: str = "") -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str, **options):
        return self.client.get(f"/api{path}", **options)

    def delete(self, path: str):
        return self.client.delete(f"/api{path}")

    def post(self, path: str, body=None, **options):
        return self._send(self.client.post, path, body, **options)

    def patch(self, path: str, body=None, **options):
        return self._send(self.client.patch, path, body, **options)

    def _send(self, method, path: str, body, **options):
        data = b"" if body is None else json.dumps(body)
        return method(f"/api{path}", data, content_type="application/json", **options)


@pytest.fixture(autouse=True)
def _known_for_no_time(monkeypatch) -> None:
    """Rights and tokens change from line to line here."""
    monkeypatch.setattr("config.bearer.KNOWN_SECONDS", 0)


@pytest.fixture
def somebody(db) -> User:
    """Who has no rights beyond signing in."""
    return User.objects.create(username="grace", password="!")


@pytest.fixture
def program_of() -> Callable[[User], Program]:
    return lambda user: Program(ApiToken.issue(user, "tests", 1)[1])


@pytest.fixture
def program(user, program_of) -> Program:
    """Of an administrator."""
    return program_of(user)


@pytest.fixture
def asked(program_of, somebody) -> Program:
    return program_of(somebody)


@pytest.fixture
def region(db) -> Region:
    return Region.objects.create(
        code="aws-eu-west-1",
        provider="aws",
        name="Ireland",
        city="Dublin",
        country="IE",
        latitude=53.3,
        longitude=-6.3,
    )
