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
from probes import waiting

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

schema = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
schema.config.phases.coverage.enabled = False


@pytest.fixture
def headers(user: User, make_connection, region, settings, monkeypatch) -> Iterator[dict[str, str]]:
    """Of an administrator, to whom everything is open; there is a connection, and a region, to ask for."""
    settings.API_REQUESTS_PER_MINUTE = 0

    async def at_once(*args: object) -> None:
        """No worker runs here, so nobody's run would end before the time is up."""

    monkeypatch.setattr(waiting, "until_ended", at_once)
    make_connection(id=1, region=region)
    # The whole test is one transaction, which those would end.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield {"Authorization": f"Bearer {ApiToken.issue(user, 'tests', 1)[1]}"}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
@schema.parametrize()
@BOUNDED
def test_every_answer_is_as_described(case, headers):
    case.call_and_validate(checks=CHECKS, headers=headers)
