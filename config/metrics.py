"""/metrics for Prometheus: the newest result of every connection, and how our own parts are doing.

However many connections there are, it takes the same few queries.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Count, F, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from config import health
from config.exposition import Sample, family, labels
from probes import history
from probes.history import Gauges
from probes.models import Kind, Run, Vantage
from probes.workers import Site

LATELY = timedelta(minutes=5)
PHASES = ("dns", "tcp", "tls", "auth", "query")
PERCENTILES = {"0.5": "p50_ms", "0.95": "p95_ms", "0.99": "p99_ms"}
MEASURED = {
    "cache_hit_ratio": "Share of block reads that a health check found served from cache, 0 to 1.",
    "connections_used": "Connections that a health check found open on the server.",
    "connections_limit": "Connections that the server allows.",
    "size_bytes": "Size of the database in bytes.",
    "lag_seconds": "How far a replica is behind, in seconds.",
}
ASK = "Show the token of MERIDIAN_METRICS_TOKEN as Authorization: Bearer TOKEN, or sign in as an administrator.\n"

_process = CollectorRegistry(auto_describe=False)
ProcessCollector(namespace="meridian_web", registry=_process)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What cannot be read is left out, and `meridian_part_up` says why. 401 for everybody else."""
    if not may_read(request):
        answer = HttpResponse(ASK, status=401, content_type="text/plain; charset=utf-8")
        answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    told = everything().encode()
    answer = HttpResponse(content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})
    patch_vary_headers(answer, ["Accept-Encoding"])
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        # Text that repeats itself so much is hardly smaller at the level of pages, which takes three times as long.
        told = gzip.compress(told, compresslevel=1)
        answer["Content-Encoding"] = "gzip"
    answer.content = told
    return answer


def everything() -> str:
    answers = {"database": health.database(), **health.broker_and_parts()}
    told = [parts(answers)]
    elsewhere: list[str] = []
    # Each further question to a database that is away would wait for it again.
    if answers["database"] == "ok":
        told += tolerant(of_database)
        elsewhere = tolerant(partial(iter, Vantage.objects.active().values_list("code", flat=True)))
    told += tolerant(partial(of_broker, elsewhere))
    return "".join([*told, generate_latest(_process).decode()])


def may_read(request: HttpRequest) -> bool:
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if shown:
        known = settings.METRICS_TOKEN
        return bool(known) and scheme.lower() == "bearer" and constant_time_compare(shown.strip(), known)
    return request.user.is_active and request.user.is_superuser


def tolerant(read: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(read())
    except (DatabaseError, redis.RedisError):
        return []


def parts(answers: Mapping[str, str]) -> str:
    samples = [(labels(part=part), float(answer == "ok")) for part, answer in answers.items()]
    return family("meridian_part_up", "Whether a part of Meridian itself answers.", samples)


def of_database() -> Iterator[str]:
    yield from of_connections(Gauges.newest())
    states: dict[str, int] = {}
    for group in history.totals(settings.VANTAGE, Kind.CONNECTION):
        states[group.state] = states.get(group.state, 0) + group.count
    yield family(
        "meridian_connections",
        "Active connections by state, seen from the home vantage.",
        [(labels(state=state), count) for state, count in sorted(states.items())],
    )
    yield from of_runs()


def of_connections(newest: Gauges) -> Iterator[str]:
    """Each sample is of one connection, vantage and kind of probe."""
    names = [
        labels(connection=connection, vantage=vantage, kind=kind)
        for connection, vantage, kind in zip(newest.connection, newest.vantage, newest.kind, strict=True)
    ]

    def seconds(column: Sequence[float | None], more: str = "") -> Iterator[Sample]:
        return ((name + more, ms / 1000) for name, ms in zip(names, column, strict=True) if ms is not None)

    yield family("meridian_connection_info", "Where an active connection is.", _places(newest))
    yield family(
        "meridian_probe_success",
        "Whether the newest probe succeeded; nothing when our own side failed, which is no news of the database.",
        ((name, float(ok)) for name, ok, ours in zip(names, newest.ok, newest.ours, strict=True) if not ours),
    )
    yield family(
        "meridian_probe_failure", "Why the newest probe failed, while it does.", _failures(newest, names)
    )
    yield family(
        "meridian_probe_finished_timestamp_seconds",
        "When the newest probe ended.",
        zip(names, newest.finished, strict=True),
    )
    yield family(
        "meridian_probe_duration_seconds",
        "All phases together, without what the probe itself computed.",
        seconds(newest.total_ms),
    )
    yield family(
        "meridian_probe_phase_seconds",
        "One phase of the newest probe.",
        (pair for phase in PHASES for pair in seconds(getattr(newest, f"{phase}_ms"), f',phase="{phase}"')),
    )
    yield family(
        "meridian_probe_latency_seconds",
        "Round trips of the newest latency or load test, by percentile.",
        (
            pair
            for share, column in PERCENTILES.items()
            for pair in seconds(getattr(newest, column), f',percentile="{share}"')
        ),
    )
    yield family(
        "meridian_probe_queue_seconds",
        "How long the newest probe waited in our own queue.",
        seconds(newest.queue_ms),
    )
    yield family("meridian_probe_rate", "Samples a second of the newest test.", _known(names, newest.rate))
    for column, explained in MEASURED.items():
        yield family(f"meridian_database_{column}", explained, _known(names, getattr(newest, column)))


def _known(names: Sequence[str], column: Sequence[float | None]) -> Iterator[Sample]:
    return ((name, value) for name, value in zip(names, column, strict=True) if value is not None)


def _places(newest: Gauges) -> Iterator[Sample]:
    places = zip(newest.connection, newest.provider, newest.region, strict=True)
    for connection, provider, region in dict.fromkeys(places):
        yield labels(connection=connection, provider=provider, region=region or ""), 1


def _failures(newest: Gauges, names: Sequence[str]) -> Iterator[Sample]:
    for name, ok, code, phase in zip(names, newest.ok, newest.error_code, newest.error_phase, strict=True):
        if not ok:
            yield f"{name},{labels(code=code, phase=phase)}", 1


def of_runs() -> Iterator[str]:
    now = timezone.now()
    waiting = Run.objects.open().order_by("kind").values_list("kind")
    under_way = list(
        waiting.annotate(Count("pk"), left=Sum(F("total") - F("done")), oldest=Min("created_at"))
    )
    yield family(
        "meridian_runs_open",
        "Runs that are under way.",
        ((labels(kind=kind), n) for kind, n, _, _ in under_way),
    )
    yield family(
        "meridian_probes_open",
        "Probes of open runs that have no result yet.",
        ((labels(kind=kind), left) for kind, _, left, _ in under_way),
    )
    yield family(
        "meridian_run_oldest_open_seconds",
        "Since when the oldest open run has been under way.",
        ((labels(kind=kind), (now - oldest).total_seconds()) for kind, _, _, oldest in under_way),
    )
    asked = Run.objects.filter(created_at__gte=now - LATELY).order_by("kind", "source", "state")
    yield family(
        "meridian_runs_asked_lately",
        "Runs asked for in the last five minutes.",
        (
            (labels(kind=kind, source=source, state=state), count)
            for kind, source, state, count in asked.values_list("kind", "source", "state").annotate(
                Count("pk")
            )
        ),
    )


def of_broker(elsewhere: Iterable[str]) -> Iterator[str]:
    site = Site.look(elsewhere)
    queues = [(labels(queue=queue.name), queue) for queue in site.queues]
    yield family(
        "meridian_queue_depth", "Messages that wait.", ((name, queue.depth) for name, queue in queues)
    )
    yield family(
        "meridian_queue_oldest_seconds",
        "How long the first message has waited.",
        ((name, queue.oldest or 0.0) for name, queue in queues),
    )
    yield family(
        "meridian_queue_wait_seconds",
        "The longest wait of the messages taken in the last minute.",
        ((name, queue.waited) for name, queue in queues if queue.waited is not None),
    )
    yield family(
        "meridian_queue_takers",
        "Live pools that take from it.",
        ((name, len(queue.takers)) for name, queue in queues),
    )
    workers = [(labels(worker=one.name, host=one.host, pid=one.pid), one) for one in site.workers]
    yield family(
        "meridian_worker_up", "Whether it was heard lately.", ((n, not one.silent) for n, one in workers)
    )
    yield family(
        "meridian_worker_slots",
        "How many tasks it can work on at a time.",
        ((name, one.slots) for name, one in workers if not one.silent),
    )
    yield family(
        "meridian_worker_busy",
        "Children that are at work.",
        ((name, len(one.doing)) for name, one in workers if not one.silent),
    )
    yield family(
        "meridian_worker_tasks_total",
        "Tasks since it began.",
        ((name, one.done) for name, one in workers),
        "counter",
    )
