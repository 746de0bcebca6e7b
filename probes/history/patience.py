"""A read takes so long and no longer: nobody waits in front of a page for minutes, and no page starves the others."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, transaction
from django.db import connection as database
from psycopg.errors import QueryCanceled

from probes.history.refusals import Refused

SECONDS = 10


@contextmanager
def patience(seconds: float = SECONDS) -> Iterator[None]:
    """Raises `Refused` when one of the questions inside takes longer."""
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{seconds * 1000:.0f}"])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise Refused(
                f"This takes longer than {seconds:g} s to read. Narrow the time or the filters."
            ) from error
        raise
