"""Which job or run a task is about, so that every line that is logged meanwhile says so."""

from collections.abc import Sequence
from typing import Any

import structlog
from celery import signals

SUBJECTS = {"probes.run": "job", "probes.refuse": "job", "probes.record": "run"}
"""Tasks whose first argument is the id of a job or run. Of all others nothing is told: it may be sealed."""


def subject_of(task: str, args: Sequence[Any]) -> dict[str, str]:
    """``{"job": id}`` or ``{"run": id}``; nothing for a task that is about neither."""
    return {SUBJECTS[task]: str(args[0])} if task in SUBJECTS and args else {}


@signals.task_prerun.connect
def begin(task_id: str, task: Any, args: Sequence[Any], **kwargs: object) -> None:
    structlog.contextvars.bind_contextvars(task=task.name, **subject_of(task.name, args))


@signals.task_postrun.connect
def end(**kwargs: object) -> None:
    structlog.contextvars.clear_contextvars()
