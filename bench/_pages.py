"""What `bench.pages` does to a running stack's own database, in a process of its own: ``python -m bench._pages DEED …``."""

import json
import sys
import time
from collections.abc import Callable

import django

django.setup()

from django.conf import settings  # noqa: E402 - it needs the loaded apps
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection as database  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from connections.models import Connection  # noqa: E402
from probes import recorder  # noqa: E402
from probes.engine.outcome import Outcome, Server, Timings  # noqa: E402
from probes.history import rollup  # noqa: E402
from probes.models import Job, Kind, Run  # noqa: E402

AT_ONCE = 10
SHOWN = ("?q=00001", "", "?show=1000")


def count() -> None:
    """Prints how many results there are, as the server estimates."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT greatest(sum(reltuples), 0)::bigint FROM pg_class WHERE relname = 'probes_result'"
        )
        print(json.dumps(cursor.fetchone()[0]))


def settle() -> None:
    """What beat and autovacuum do in a while."""
    while rollup.fold_again() or rollup.advance(timezone.now()):
        pass
    with database.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    print("true")


def statements() -> None:
    """Prints, for lists of ever more rows, how many rows that are and how many statements the dashboard asks."""
    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    client.get("/")
    found = []
    for query in SHOWN:
        with CaptureQueriesContext(database) as asked:
            page = client.get(f"/{query}").content.decode()
        found.append({"rows": page.count('id="connection-row-'), "statements": len(asked)})
    print(json.dumps(found))


def results(rate: int, seconds: int) -> None:
    """Records so many results a second as workers hand them over, and prints how many there were."""
    ids = list(Connection.objects.order_by("pk").values_list("pk", flat=True)[:1000])
    begun, done = time.monotonic(), 0
    while done < rate * seconds:
        some = [ids[(done + place) % len(ids)] for place in range(AT_ONCE)]
        run = Run.objects.create(kind=Kind.CONNECTION, source=Run.Source.COMMAND, total=len(some))
        Job.objects.create(run=run, vantage=settings.VANTAGE, connection_ids=some)
        recorder.absorb(run.pk, settings.VANTAGE, dict.fromkeys(some, _good()))
        done += AT_ONCE
        time.sleep(max(0.0, begun + done / rate - time.monotonic()))
    print(json.dumps({"results": done, "seconds": round(time.monotonic() - begun, 1)}))


def _good() -> Outcome:
    now = timezone.now()
    timings = Timings(dns=1.0, tcp=20.0, tls=30.0, auth=14.0, query=20.0, total=85.0)
    return Outcome(
        kind="connection", started=now, finished=now, timings=timings, server=Server(version="17.6")
    )


TASKS: dict[str, Callable[..., None]] = {
    "count": count,
    "settle": settle,
    "statements": statements,
    "results": results,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*map(int, sys.argv[2:]))
