"""The description of the API is right: whatever it allows is answered as it says, and by nothing of ours that breaks."""

from collections.abc import Iterator

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as openapi

from config.models import ApiToken
from probes import switches, waiting
from tests.api.conftest import Program

CHECKS = [
    not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
]
BOUNDED = settings(
    max_examples=8, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
CLOSED = settings(BOUNDED, max_examples=3)

schema = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
schema.config.phases.coverage.enabled = False


class Shut(switches.Open):
    """Everything is off."""

    def value(self, key: str, asker: switches.Asker, region: str) -> bool | int:
        return False


@pytest.fixture
def ready(make_connection, region, settings, monkeypatch) -> Iterator[None]:
    """There is a connection, and a region, to ask for."""
    settings.API_REQUESTS_PER_MINUTE = 0

    async def at_once(*args: object) -> None:
        """No worker runs here, so nobody's run would end before the time is up."""

    monkeypatch.setattr(waiting, "until_ended", at_once)
    make_connection(id=1, region=region)
    # The whole test is one transaction, which those would end.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(ready, user: User) -> dict[str, str]:
    """Of an administrator, to whom everything is open."""
    return bearer(user)


@pytest.fixture
def closed(ready, somebody: User) -> Iterator[dict[str, str]]:
    """Of somebody without rights, to whom every flag closes what it can."""
    before = switches.use(Shut())
    yield bearer(somebody)
    switches.use(before)


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {ApiToken.issue(user, 'tests', 1)[1]}"}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
@schema.parametrize()
@BOUNDED
def test_every_answer_is_as_described(case, headers):
    case.call_and_validate(checks=CHECKS, headers=headers)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
@schema.parametrize()
@CLOSED
def test_every_answer_is_as_described_to_whom_everything_is_closed(case, closed):
    case.call_and_validate(checks=CHECKS, headers=closed)


def test_what_the_door_turns_away_is_described_for_every_operation(program, settings):
    answers = [
        program.get("/regions?x=%00"),
        program.get("/regions", headers={"Host": "elsewhere.example.org"}),
        Program().get("/regions"),
    ]
    described = program.get("/openapi.json").json()["paths"]
    settings.HTTPS = True
    answers.append(program.get("/regions"))
    statuses = {str(answer.status_code) for answer in answers}
    assert statuses == {"400", "401", "403"}
    for operations in described.values():
        for operation in operations.values():
            assert statuses <= operation["responses"].keys()
