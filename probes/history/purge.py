"""Deleting a connection answers at once: its rows are out of sight from then on, and are removed bit by bit later."""

from typing import Any

from django.db import connection, transaction

from connections.models import Connection
from probes.history import editions, locks
from probes.history.statements import statement
from probes.models import Purge

AT_ONCE = 5_000


def connection_leaves(sender: type[Connection], instance: Connection, **kwargs: Any) -> None:
    """In the transaction that deletes a connection: notes what has to go with it."""
    Purge.objects.get_or_create(connection_id=instance.pk)


def purge_some() -> bool:
    """Removes some results of a deleted connection, oldest first, then its roll-ups; True when more is left to do."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not locks.only_one(cursor):
            return False
        purge = Purge.objects.order_by("asked_at").first()
        if purge is None:
            return False
        which = {"connection_id": purge.connection_id, "at_once": AT_ONCE}
        cursor.execute(statement("purge_results"), which)
        if cursor.rowcount < AT_ONCE:
            for table in _rollups():
                cursor.execute(statement("purge_hours").replace("{table}", table), which)
            purge.delete()
    return True


def _rollups() -> list[str]:
    if not editions.look().aggregate:
        return ["probes_rolledup"]
    with connection.cursor() as cursor:
        cursor.execute(statement("materialised"))
        return ["probes_rolledup", *(table for (table,) in cursor.fetchall())]
