"""The Celery application: early acknowledgement, because the database and not the broker is the truth.

`probes.dispatch` publishes what its outbox holds and `probes.reaper` publishes again what went silent; a message
that is delivered twice is refused by its claim. See docs/decisions/ for what was measured.
"""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.db import close_old_connections

from config import collector
from probes.work import memory

LONGEST_TASK = 3 * 3600
"""Seconds: more than `plans.LONGEST_JOB` and handing over."""
MINUTES = 60
REAPER_SECONDS = 2.0
TICK_SECONDS = 1.0

app = Celery("meridian")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        # Twice the longest hard limit: a shorter one runs a long task several times.
        "visibility_timeout": 2 * LONGEST_TASK,
        "socket_connect_timeout": 2,
        # A broker that hangs must not hang the page that publishes: the outbox keeps the job.
        "socket_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
    task_ignore_result=True,
    task_acks_late=False,
    task_default_queue="housekeeping",
    task_serializer="json",
    accept_content=["json"],
    task_publish_retry=False,
    # Each job has a limit of its own, below this one.
    task_time_limit=LONGEST_TASK,
    # Looked at after each task; what a child may hold during one is bounded by `memory.limit`.
    worker_max_memory_per_child=memory.SUSPECT_KILOBYTES,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    # Acts on late acknowledgement only; said so that Celery does not warn at each lost connection.
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    beat_schedule={
        "reaper": {
            "task": "probes.reap",
            "schedule": REAPER_SECONDS,
            # django-celery-beat knows expire_seconds and drops what it does not know.
            "options": {"queue": "housekeeping", "expire_seconds": 5 * REAPER_SECONDS},
        },
        "tick": {
            "task": "probes.tick",
            "schedule": TICK_SECONDS,
            "options": {"queue": "housekeeping", "expire_seconds": 5 * TICK_SECONDS},
        },
        "forget-ticks": {
            "task": "probes.forget_ticks",
            "schedule": 60.0 * MINUTES,
            "options": {"queue": "housekeeping", "expire_seconds": 60.0 * MINUTES},
        },
        "roll-up": {
            "task": "probes.roll_up",
            "schedule": 20.0,
            "options": {"queue": "housekeeping", "expire_seconds": 20.0},
        },
        "purge": {
            "task": "probes.purge",
            "schedule": 10.0,
            "options": {"queue": "housekeeping", "expire_seconds": 10.0},
        },
        "abandoned-answers": {
            "task": "assistant.tidy",
            "schedule": 10.0,
            "options": {"queue": "housekeeping", "expire_seconds": 10.0},
        },
        "forget-keys": {
            "task": "probes.forget_keys",
            "schedule": 60.0 * MINUTES,
            "options": {"queue": "housekeeping", "expire_seconds": 60.0 * MINUTES},
        },
        "finish-deleting": {
            "task": "connections.finish_deleting",
            "schedule": 1.0 * MINUTES,
            "options": {"queue": "housekeeping", "expire_seconds": 1.0 * MINUTES},
        },
        "retention": {
            "task": "probes.retain",
            "schedule": 5.0 * MINUTES,
            "options": {"queue": "housekeeping", "expire_seconds": 5.0 * MINUTES},
        },
    },
    timezone="UTC",
    # Workers keep their database connection from task to task; `fresh_database` looks after it.
    CELERY_DB_REUSE_MAX=1_000_000_000,
)


@signals.worker_init.connect
def share_what_is_loaded(**kwargs: object) -> None:
    """Before the first child is made."""
    collector.set_loaded_aside()


@signals.worker_process_init.connect
def bound_memory(**kwargs: object) -> None:
    """In each child of each pool, wherever and however it is started."""
    memory.limit()


@signals.task_prerun.connect
def fresh_database(**kwargs: object) -> None:
    """What Django does before a request: a connection that broke is replaced, instead of failing every task after."""
    close_old_connections()


app.autodiscover_tasks(["connections"], related_name="housekeeping")
app.autodiscover_tasks(["probes"], related_name="tasks")
app.autodiscover_tasks(["probes"], related_name="recorder")
app.autodiscover_tasks(["probes"], related_name="reaper")
app.autodiscover_tasks(["probes"], related_name="scratch")
app.autodiscover_tasks(["probes"], related_name="repeats")
app.autodiscover_tasks(["probes.history"], related_name="housekeeping")
app.autodiscover_tasks(["probes.schedules"], related_name="housekeeping")
app.autodiscover_tasks(["assistant"], related_name="tasks")
