"""Deleting that can be undone: a connection is out of sight at once, and gone for good some minutes later.

Until then it keeps its row, its results and its sealed secrets; its name is free.
"""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.dispatch import Signal
from django.utils import timezone

from connections.models import Connection

OFFERED_SECONDS = 30
"""How long pages offer to undo it."""
KEPT = timedelta(minutes=5)
"""How long it can be undone; more than is offered, for a click that comes late."""

leaving = Signal()
"""Sent with ``instance`` in the transaction that takes a connection out of sight, before it does."""


class CannotRestore(Exception):
    """A deleted connection does not come back; the message says why."""


class NameTaken(CannotRestore):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"Another connection is called “{name}” by now. Rename that one first, then undo the deletion."
        )


class Gone(CannotRestore):
    def __init__(self) -> None:
        super().__init__("It is too late: the connection and its results were removed for good.")


@transaction.atomic
def hide(connection: Connection) -> None:
    """Takes a connection out of sight and out of everything that waits for it. Hiding it again changes nothing."""
    leaving.send(Connection, instance=connection)
    both = Connection.objects.filter(Q(pk=connection.pk) | Q(twin=connection))
    for one in both.select_for_update(of=("self",)).order_by("pk"):
        changes = {"deleted_at": Now()} if one.pk == connection.pk else {"twin": None, "updated_at": Now()}
        Connection.objects.filter(pk=one.pk).update(**changes)


def restore(pk: int) -> Connection:
    """Brings a deleted connection back as it was; one that nobody deleted is left as it is.

    Raises `NameTaken` and `Gone`.
    """
    with transaction.atomic():
        locked = Connection.with_deleted.select_for_update(of=("self",))
        connection = locked.filter(pk=pk).first()
        if connection is None:
            raise Gone
        if connection.deleted_at is None:
            return connection
        connection.twin = _free_twin(connection)
        connection.deleted_at = None
        try:
            with transaction.atomic():
                # As after any change, its pages are told and its first test begins.
                connection.save(update_fields=["deleted_at", "twin"])
        except IntegrityError as error:
            if "connection_name_unique" in str(error):
                raise NameTaken(connection.name) from error
            raise
    return connection


def _free_twin(connection: Connection) -> Connection | None:
    """The other one of the pair that it was, unless that one is gone or has another twin by now."""
    single = Connection.objects.filter(pk__in=[connection.twin_id], twin=None)
    return single.exclude(pooled=connection.pooled).select_for_update(of=("self",)).first()


def finish() -> int:
    """Removes for good what can no longer be undone; returns how many that were."""
    late = Connection.with_deleted.filter(deleted_at__lt=timezone.now() - KEPT)
    removed = 0
    for pk in late.values_list("pk", flat=True):
        with transaction.atomic():
            connection = late.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if connection is not None:
                connection.delete()
                removed += 1
    return removed
