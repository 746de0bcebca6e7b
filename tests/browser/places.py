"""Where the pages are, by name, and what they need to have something to show."""

import time
from collections.abc import Callable

from tests.rigs.stack import Stack

Path = Callable[[Stack], str]


def newest(kind: str) -> Path:
    """The result of the newest finished run of a kind; one is asked for while there is none."""

    def found(stack: Stack) -> str:
        [row] = stack.rows(
            "SELECT run_id, connection_id, vantage FROM probes_result WHERE kind = %s ORDER BY issued_at DESC LIMIT 1",
            kind,
        )
        return f"/runs/{row['run_id']}/results/{row['connection_id']}/{row['vantage']}/"

    return found


def of_virginia(path: str) -> Path:
    def found(stack: Stack) -> str:
        [row] = stack.rows("SELECT id FROM connections_connection WHERE name LIKE %s", "US East%")
        return f"/connections/{row['id']}/{path}"

    return found


def newest_run(stack: Stack) -> str:
    [row] = stack.rows("SELECT id FROM probes_run WHERE total > 1 ORDER BY created_at DESC LIMIT 1")
    return f"/runs/{row['id']}/"


def schedule(stack: Stack) -> str:
    [row] = stack.rows("SELECT id FROM probes_schedule ORDER BY id LIMIT 1")
    return f"/schedules/{row['id']}/"


PAGES: dict[str, str | Path] = {
    "dashboard": "/",
    "connections": "/connections/?q=aws&sort=-latency",
    "nothing found": "/connections/?q=nothing-is-called-so",
    "connection": of_virginia(""),
    "new connection": "/connections/new/",
    "edit": of_virginia("edit/"),
    "delete": of_virginia("delete/"),
    "latency options": of_virginia("latency/"),
    "load options": of_virginia("load/"),
    "runs": "/runs/",
    "run of all": newest_run,
    "connection test": newest("connection"),
    "latency test": newest("latency"),
    "load test": newest("load"),
    "health check": newest("health"),
    "history": "/history/",
    "map": "/map/",
    "schedules": "/schedules/",
    "schedule": schedule,
    "new schedule": "/schedules/new/",
    "assistant": "/assistant/",
    "what the model is told": "/assistant/privacy/",
    "insights": "/insights/",
    "insights on a connection": of_virginia("insights/"),
    "workers": "/workers/",
    "flags": "/flags/",
    "tokens": "/tokens/",
    "API": "/api/docs",
    "not found": "/no-such-page/",
}

FOUND = """
from connections.models import Connection
from django.contrib.auth.models import AnonymousUser
from probes import dispatch, schedules
from probes.models import Kind, Schedule
if not Schedule.objects.exists():
    schedules.create(
        schedules.Draft(name="Once a week", kind=Kind.CONNECTION, every_seconds=7 * 86400, jitter_seconds=0),
        user=AnonymousUser(),
    )
everything = list(Connection.objects.filter(simulated_rtt_ms__isnull=False))
for kind, some, params in (
    ("connection", everything, {}),
    ("health", everything, {}),
    ("latency", everything[:1], {"samples": 20}),
    ("load", everything[:1], {"clients": 2, "seconds": 2}),
):
    dispatch.request_run(kind=kind, connections=some, source="command", params=params)
"""
PATIENCE_SECONDS = 40.0
KINDS = "SELECT count(DISTINCT kind) AS kinds FROM probes_result"


def fill_pages(stack: Stack) -> None:
    """Runs every kind of test, and returns when each has a result."""
    stack.shell(FOUND)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stack.rows(KINDS)[0]["kinds"] < 4:
        assert time.monotonic() < deadline, "Some kind of test has found nothing."
        time.sleep(0.2)


def address(stack: Stack, name: str) -> str:
    path = PAGES[name]
    return f"{stack.url}{path if isinstance(path, str) else path(stack)}"
