"""How evidence is read: in a transaction that cannot write, for so long and no longer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection as database
from django.db import transaction

from probes import history

SECONDS = 5
"""For one question."""
SECONDS_IN_ALL = 15
"""After these no further one is asked: who writes an answer and reads for half a minute would be taken for dead."""


@contextmanager
def read_only() -> Iterator[None]:
    """Whatever runs inside can write nothing. Raises `history.Refused` when one of its questions, or all together,
    take too long."""
    with history.patience(SECONDS):
        with database.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        with database.execute_wrapper(_until(time.monotonic() + SECONDS_IN_ALL)):
            yield
        # Takes the setting back as well, where somebody else's transaction goes on around this one.
        transaction.set_rollback(True)


def _until(end: float) -> Callable[..., Any]:
    def ask(execute: Callable[..., Any], *question: Any) -> Any:
        if time.monotonic() > end:
            raise history.Refused(f"This takes longer than {SECONDS_IN_ALL:g} s to read.")
        return execute(*question)

    return ask
