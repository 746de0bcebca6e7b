"""What the worker pools are at, and what waits for them: read from their signs of life and from the queues themselves.

No worker is asked for this, and however many there are it takes two requests to the broker.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, cast

from django.conf import settings

from probes import broker, heartbeats, queues, vantages

TASKS = {
    "probes.run": "Testing",
    "probes.try": "Testing before saving",
    "probes.scratch": "Making a scratch table",
    "probes.record": "Recording results",
    "probes.refuse": "Recording a refusal",
    "probes.record_trial": "Recording a trial",
    "probes.reap": "Looking after runs",
    "probes.roll_up": "Rolling up hours",
    "probes.purge": "Removing results of deleted connections",
    "probes.retain": "Removing old results",
    "connections.finish_deleting": "Deleting for good",
    "probes.tick": "Asking for what is scheduled",
    "probes.forget_ticks": "Forgetting old ticks",
    "probes.forget_keys": "Forgetting old idempotency keys",
    "assistant.answer": "Answering a question",
    "assistant.tidy": "Ending answers that were left",
}
"""What a task does, in words; others are called by their name."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """``job`` or ``run`` is what it is about, "" when it is about neither."""

    task: str
    job: str
    run: str

    @property
    def words(self) -> str:
        return TASKS.get(self.task, self.task)


@dataclass(frozen=True, kw_only=True)
class Doing(Task):
    """One task under way, in the child with this process id; None before a child took it."""

    pid: int | None
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class Failed(Task):
    """The last bug that a pool met: a probe that fails is a result, and never here. ``error`` is untrusted text."""

    at: datetime
    error: str


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One pool: a parent process, with ``slots`` for tasks in child ``processes`` or, when it has none, in threads.

    ``heard`` is when it last told; ``per_minute`` counts the tasks of the last minute.
    """

    name: str
    host: str
    pid: str
    heard: datetime
    silent: bool
    takes: Sequence[str]
    slots: int
    processes: Sequence[int]
    doing: Sequence[Doing]
    done: int
    per_minute: int
    waits: Mapping[str, float]
    failed: Failed | None

    @property
    def pool(self) -> str:
        return self.name.split("@")[0]

    @property
    def idle(self) -> Sequence[int]:
        """The children that do nothing."""
        busy = {one.pid for one in self.doing}
        return [pid for pid in self.processes if pid not in busy]

    @property
    def idle_threads(self) -> int:
        return 0 if self.processes else max(0, self.slots - len(self.doing))


@dataclass(frozen=True, kw_only=True)
class Queue:
    """``oldest`` is how long its first message has waited so far, ``waited`` the longest wait of those that were taken in
    the last minute, both in seconds; None when there is none. ``takers`` are the names of live pools.
    """

    name: str
    depth: int
    oldest: float | None
    waited: float | None
    takers: Sequence[str]

    @property
    def waited_ms(self) -> float | None:
        return None if self.waited is None else 1000 * self.waited


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything that is connected to this broker. ``beat`` is when the reaper last did what beat asks for."""

    workers: Sequence[Worker]
    queues: Sequence[Queue]
    beat: datetime | None

    @property
    def live(self) -> Sequence[Worker]:
        return [worker for worker in self.workers if not worker.silent]

    @property
    def busy(self) -> int:
        return sum(len(worker.doing) for worker in self.live)

    @property
    def slots(self) -> int:
        return sum(worker.slots for worker in self.live)

    @property
    def waiting(self) -> int:
        return sum(queue.depth for queue in self.queues)

    @property
    def per_minute(self) -> int:
        return sum(worker.per_minute for worker in self.live)

    @classmethod
    def look(cls, elsewhere: Iterable[str] = ()) -> Self:
        """Raises `redis.RedisError` when the broker is away.

        ``elsewhere`` names further vantages, whose queues are told even when nobody takes from them.
        """
        pipeline = broker.client().pipeline(transaction=False)
        pipeline.hgetall(vantages.KEY)
        pipeline.hgetall(heartbeats.ERRORS_KEY)
        signs, errors = (_decoded(answer) for answer in pipeline.execute())
        reaper = signs.pop(vantages.REAPER, None)
        workers = sorted((_worker(key, sign, errors) for key, sign in signs.items()), key=_place)
        return cls(
            workers=workers,
            queues=_queues(workers, elsewhere),
            beat=_moment(reaper["at"]) if reaper and not vantages.is_silent(reaper) else None,
        )


def _decoded(answer: Mapping[bytes, bytes]) -> dict[str, dict[str, Any]]:
    return {key.decode(): json.loads(text) for key, text in answer.items()}


def _worker(key: str, sign: Mapping[str, Any], errors: Mapping[str, Mapping[str, Any]]) -> Worker:
    host, _, pid = key.rpartition(":")
    name = str(sign.get("node") or key)
    return Worker(
        name=name,
        host=host,
        pid=pid,
        heard=_moment(sign["at"]),
        silent=vantages.is_silent(sign),
        takes=sorted(sign["takes"]),
        slots=sign.get("slots", 0),
        processes=sign.get("processes", []),
        doing=sorted((_doing(one) for one in sign.get("doing", [])), key=lambda one: one.pid or 0),
        done=sign.get("done", 0),
        per_minute=sign.get("per_minute", 0),
        waits=sign.get("waits", {}),
        failed=_failed(errors[name]) if name in errors else None,
    )


def _place(worker: Worker) -> tuple[str, str, str]:
    return worker.pool, worker.host, worker.pid


def _doing(told: Mapping[str, Any]) -> Doing:
    since = told["since"]
    return Doing(**_about(told), pid=told["pid"], since=_moment(since) if since else None)


def _failed(told: Mapping[str, Any]) -> Failed:
    return Failed(**_about(told), at=_moment(told["at"]), error=told["error"])


def _about(told: Mapping[str, Any]) -> dict[str, str]:
    return {"task": told["task"], "job": told.get("job", ""), "run": told.get("run", "")}


def _queues(workers: Iterable[Worker], elsewhere: Iterable[str]) -> list[Queue]:
    """Those that somebody takes from, and those that somebody should."""
    live = [worker for worker in workers if not worker.silent]
    taken = {queue for worker in live for queue in worker.takes}
    there = [queue for vantage in elsewhere for queue in queues.queues_of(vantage)]
    names = dict.fromkeys([*vantages.needed(settings.VANTAGE), *sorted({*there, *taken})])
    pipeline = broker.client().pipeline(transaction=False)
    for name in names:
        pipeline.llen(name)
        pipeline.lindex(name, -1)
    answers = iter(pipeline.execute())
    return [
        Queue(
            name=name,
            depth=next(answers),
            oldest=_age(cast(bytes | None, next(answers))),
            waited=max((one.waits[name] for one in live if name in one.waits), default=None),
            takers=[one.name for one in live if name in one.takes],
        )
        for name in names
    ]


def _age(message: bytes | None) -> float | None:
    """How long a message has been on its queue, in seconds; None without one, or when it does not say."""
    try:
        published = json.loads(message or b"")["headers"][heartbeats.PUBLISHED]
    except (ValueError, TypeError, LookupError):
        # Anybody with the broker's address may have put it there.
        return None
    return max(time.time() - published, 0.0) if isinstance(published, (int, float)) else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
