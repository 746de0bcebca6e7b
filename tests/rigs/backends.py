"""Finds the server processes behind connections, and stalls or ends them."""

import contextlib
import os
import signal
from collections.abc import Iterator

from tests.rigs.postgres import Cluster


def pids(cluster: Cluster, application_name: str) -> list[int]:
    """The processes that serve the connections of this name."""
    text = cluster.sql(
        "SELECT coalesce(string_agg(pid::text, ' '), '') FROM pg_stat_activity "
        f"WHERE application_name = '{application_name}'"
    )
    return [int(pid) for pid in text.split()]


@contextlib.contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    """They do nothing inside the block, and then go on as if nothing had happened."""
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def terminate(cluster: Cluster, application_name: str) -> None:
    cluster.sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        f"WHERE application_name = '{application_name}'"
    )


def end(processes: list[int]) -> None:
    """As an administrator does, but without a connection of one's own."""
    for pid in processes:
        os.kill(pid, signal.SIGTERM)
