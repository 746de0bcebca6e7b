"""History as a file, however long: read with a server-side cursor and written piece by piece."""

import threading
from collections.abc import Generator
from typing import Any

import psycopg
from django.db import connection as database
from psycopg.rows import tuple_row

from probes.history.checks import KEY
from probes.history.export_forms import FORMS, Form
from probes.history.filters import Filters
from probes.history.windows import Window

ROWS_AT_ONCE = 2000
MOST_AT_ONCE = 4
STALLED_SECONDS = 120
"""A reader that takes nothing for so long is cut off: its snapshot keeps the server from cleaning up."""

_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


class Busy(Exception):
    """As many exports as may run at once are under way."""


def exported(name: str, filters: Filters, window: Window) -> Generator[bytes]:
    """The checks of the window, newest first, in pieces of about a megabyte; ``name`` is one of `FORMS`.

    Reads through a connection of its own, so a slow reader takes none from the pages; close the generator to end
    early. What a probe keeps in ``detail`` is not exported. Raises `Busy` at the first piece.
    """
    if not _slots.acquire(blocking=False):
        raise Busy(f"{MOST_AT_ONCE} exports are under way already. Try again when one has ended.")
    try:
        form = FORMS[name]
        rows = filters.wanted().values_list("pk", "name", "provider", "region__code")
        about = {pk: form.after(tuple(text or "" for text in texts)) for pk, *texts in rows}
        # The thread that asked may be another one for each piece.
        with psycopg.connect(**database.get_connection_params()) as line:
            batches = _batches(line, form, filters, window, list(about))
            yield form.begin.encode()
            before = ""
            for batch in batches:
                yield (before + form.between.join(text + about[pk] for pk, text in batch)).encode()
                before = form.between
            yield (form.end if before else form.end_of_nothing).encode()
    finally:
        _slots.release()


def _batches(
    line: psycopg.Connection[Any], form: Form, filters: Filters, window: Window, ids: list[int]
) -> Generator[list[tuple[int, str]]]:
    """Connections and what is written of one check of each."""
    line.execute("SET TIME ZONE 'UTC'")
    line.execute(f"SET idle_in_transaction_session_timeout = '{STALLED_SECONDS}s'")
    conditions, parameters = filters.conditions()
    conditions += ["issued_at >= %(start)s AND issued_at < %(end)s", "connection_id = ANY(%(ids)s::bigint[])"]
    question = f"""
        SELECT connection_id, {form.line} FROM probes_result WHERE {" AND ".join(conditions)}
        ORDER BY {", ".join(f"{name} DESC" for name in KEY)}
    """  # noqa: S608 - made of our own words
    with line.cursor("export", row_factory=tuple_row) as cursor:
        cursor.execute(
            question, {**parameters, "start": window.start, "end": window.listed_until, "ids": ids}
        )
        while batch := cursor.fetchmany(ROWS_AT_ONCE):
            yield batch
