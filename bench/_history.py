"""One edition of `bench.history`, in a process of its own: ``python -m bench._history ROWS CONNECTIONS``."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - it needs the loaded apps
from django.core.management import call_command  # noqa: E402
from django.db import connection as database  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench._report import percentile  # noqa: E402
from config import collector  # noqa: E402
from connections.models import Connection  # noqa: E402
from probes import board, charts, history, recorder  # noqa: E402
from probes.engine.outcome import Outcome, Server, Timings  # noqa: E402
from probes.history import Cursor, Filters, Window, rollup  # noqa: E402
from probes.models import Job, Kind, Result, Run  # noqa: E402

ROUNDS = 40
WARM_UP = 3
BATCH = 500
BATCHES = 20
PAGE = 1000
MONTH = "30d"


def main() -> None:
    # As the web process does.
    collector.set_loaded_aside()
    rows, connections = map(int, sys.argv[1:])
    print("migrating", file=sys.stderr)
    call_command("migrate", verbosity=0)
    if not Result.objects.exists():
        call_command(
            "history", "generate", "--rows", str(rows), "--connections", str(connections), stdout=sys.stderr
        )
    settle()
    chosen = list(Connection.objects.order_by("pk"))
    reads = {name: timed(read) for name, read in questions(chosen).items()}
    peer = timed(everything(chosen))
    # Last, because it adds in seconds what comes in an hour.
    per_second = written(chosen)
    chart = reads["30-day chart of one connection"]
    print(
        json.dumps(
            {
                "rows": Result.objects.count(),
                "size": size(),
                "rows_per_second": per_second,
                "reads": reads,
                "peer": {**peer, "kilobytes": len(everything(chosen)(0)) // 1024},
                "chart_kilobytes": len(drawn(chosen, 0)) // 1024,
                "ratio": round(peer["median"] / chart["median"], 2),
            }
        )
    )


def settle() -> None:
    """What beat and autovacuum do in a while."""
    while rollup.fold_again() or rollup.advance(timezone.now()):
        pass
    with database.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def written(connections: list[Connection]) -> int:
    """Rows a second that the recorder takes in, with the run's state, the latest results and the live events."""
    some = connections[:BATCH]
    ids = [one.pk for one in some]
    server = Server(version="17.6", address="192.0.2.1")
    taken = 0.0
    for _ in range(BATCHES):
        run = Run.objects.create(kind=Kind.CONNECTION, source=Run.Source.COMMAND, total=len(ids))
        Job.objects.create(run=run, vantage=settings.VANTAGE, connection_ids=ids)
        now = timezone.now()
        outcome = Outcome(
            kind="connection",
            started=now,
            finished=now,
            timings=Timings(dns=1.0, tcp=2.0, tls=3.0, auth=4.0, query=5.0, total=15.0),
            server=server,
        )
        began = time.perf_counter()
        recorder.absorb(run.pk, settings.VANTAGE, dict.fromkeys(ids, outcome))
        taken += time.perf_counter() - began
    return round(BATCHES * len(ids) / taken)


def questions(connections: list[Connection]) -> dict[str, Callable[[int], object]]:
    """What pages ask. Each takes the number of the round, to ask for another connection every time."""
    month, day = Window.named(MONTH), Window.named("24h")
    deep = Cursor(*Result.objects.order_by("-pk").values_list("pk", flat=True)[PAGE * 50][:4])
    return {
        "30-day chart of one connection": lambda number: drawn(connections, number),
        f"fleet overview of {len(connections):,} connections": lambda number: board.rows_of(connections),
        "recent checks, page 1": lambda number: history.newest_checks(Filters(), month),
        f"recent checks, page {PAGE:,}": lambda number: history.older_checks(Filters(), month, deep),
        "matrix of a day": lambda number: history.matrix_of(day),
    }


def drawn(connections: list[Connection], number: int) -> str:
    connection = connections[number * 17 % len(connections)]
    return json.dumps(charts.chart("latency", [connection], Window.named(MONTH), settings.VANTAGE))


def everything(connections: list[Connection]) -> Callable[[int], str]:
    """The chart as earlier programs drew it."""

    def raw(number: int) -> str:
        connection = connections[number * 17 % len(connections)]
        window = Window.named(MONTH)
        rows = Result.objects.filter(
            connection_id=connection.pk, issued_at__gte=window.start, issued_at__lt=window.end
        ).order_by("issued_at")
        points = rows.values_list("issued_at", "p50_ms", "p95_ms", "p99_ms", "query_ms", "ok", "error_code")
        return json.dumps([(at.isoformat(), *values) for at, *values in points])

    return raw


def timed(read: Callable[[int], object]) -> dict[str, float]:
    """Milliseconds."""
    samples = []
    for number in range(WARM_UP + ROUNDS):
        began = time.perf_counter()
        read(number)
        if number >= WARM_UP:
            samples.append((time.perf_counter() - began) * 1000)
    return {"median": round(statistics.median(samples), 2), "p95": round(percentile(samples, 0.95), 2)}


def size() -> Any:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        return cursor.fetchone()[0]


if __name__ == "__main__":
    main()
