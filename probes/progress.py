"""How far a probe is while it runs: told to open pages a few times a second, and kept for pages that open meanwhile.

Nothing depends on it: a report may be lost, has no number, and is forgotten an hour after the last. Reports go out for
jobs of one target only; a batch of many shows its progress by its results.
"""

import json
import logging
from typing import Any, cast
from uuid import UUID

import msgpack
import redis

from probes import broker, live

logger = logging.getLogger(__name__)

KEPT_SECONDS = 3600

Report = dict[str, Any]
"""By kind:

- latency: ``kind``, ``done``, ``total``, ``samples`` (ms so far, null for a failed one)
- health: ``kind``, ``done``, ``total``, ``title`` of the check that comes next
- load: ``kind``, ``elapsed``, ``seconds``, ``level``, ``connected``, ``done``, ``failed``, ``rate``, ``p50``, ``p95``,
  ``p99`` (ms), ``errors`` by code, and ``series`` with an entry a second, numbered from ``series_from``. What is
  published holds the last two of them; what is kept, all.
"""


def publish(run_id: UUID, connection_id: int, vantage: str, report: Report) -> None:
    """Tells the run's open pages and keeps the report. An absent broker is logged and nothing more."""
    frame = {"kind": "progress", "connection": connection_id, "vantage": vantage, "report": report}
    message = msgpack.packb({"type": "live.progress", "text": json.dumps(frame)})
    field = f"{connection_id}:{vantage}"
    pipeline = broker.client().pipeline(transaction=False)
    pipeline.hset(_key(run_id), field, json.dumps({**report, "series": []} if "series" in report else report))
    pipeline.expire(_key(run_id), KEPT_SECONDS)
    if report.get("series"):
        # A second that still grows is replaced by its next report.
        seconds: dict[Any, Any] = {
            str(number): json.dumps(second)
            for number, second in enumerate(report["series"], report["series_from"])
        }
        pipeline.hset(_series_key(run_id, field), mapping=seconds)
        pipeline.expire(_series_key(run_id, field), KEPT_SECONDS)
    pipeline.publish(live.channel(live.run_group(run_id)), message)
    try:
        pipeline.execute()
    except redis.RedisError as error:
        logger.warning("The progress of run %s was not published: %s", run_id, error)


def of_run(run_id: UUID) -> dict[tuple[int, str], Report]:
    """The newest report of each probe, by connection and vantage; nothing when the broker is away."""
    try:
        return _read(run_id)
    except redis.RedisError as error:
        logger.warning("The progress of run %s cannot be read: %s", run_id, error)
        return {}


def _read(run_id: UUID) -> dict[tuple[int, str], Report]:
    found: dict[tuple[int, str], Report] = {}
    for field, report in _hash(_key(run_id)).items():
        connection, _, vantage = field.partition(":")
        if "series" in report:
            seconds = _hash(_series_key(run_id, field))
            report["series"], report["series_from"] = (
                [seconds[number] for number in sorted(seconds, key=int)],
                0,
            )
        found[int(connection), vantage] = report
    return found


def _hash(key: str) -> dict[str, Report]:
    kept = cast(dict[bytes, bytes], broker.client().hgetall(key))
    return {field.decode(): json.loads(text) for field, text in kept.items()}


def _key(run_id: UUID) -> str:
    return f"meridian:run:{run_id}:progress"


def _series_key(run_id: UUID, field: str) -> str:
    return f"{_key(run_id)}:{field}"
