"""How evidence is read: in a transaction that cannot write, for so long and no longer."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection as database
from django.db import transaction

from probes import history

SECONDS = 5


@contextmanager
def read_only() -> Iterator[None]:
    """Whatever runs inside can write nothing. Raises `history.Refused` when one of its questions takes too long."""
    with history.patience(SECONDS):
        with database.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        yield
        # Takes the setting back as well, where somebody else's transaction goes on around this one.
        transaction.set_rollback(True)
