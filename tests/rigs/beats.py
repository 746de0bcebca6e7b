"""Processes that tick, on the database of the test that is running: some with a clock of ours, and real beats."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from tests.rigs import servers

PROJECT = Path(__file__).resolve().parent.parent.parent

SIMULATED = ("-m", "tests.rigs.ticker")
BEAT = (
    *("-m", "celery", "-A", "config", "--quiet", "beat", "--pidfile", "", "--loglevel", "warning"),
    *("--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"),
)
HOUSEKEEPER = (
    *("-W", "ignore", "-m", "celery", "-A", "config", "--quiet", "worker", "--queues", "housekeeping"),
    *("--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "warning"),
)


@contextmanager
def running(*commands: tuple[str, ...]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Python processes, killed at the end. What they said is shown when the test fails inside."""
    database = urlsplit(servers.postgres.url())._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "config.settings"}
    with tempfile.TemporaryFile() as log:
        found = [
            subprocess.Popen(
                [sys.executable, *command],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for command in commands
        ]
        try:
            yield found
        except AssertionError:
            log.seek(0)
            print(log.read().decode(errors="replace"))
            raise
        finally:
            for process in found:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
