"""Two locks in the database, each held until the end of the transaction, so that they work through a pooler too."""

from django.db.backends.utils import CursorWrapper

_HOUSEKEEPING = 0x4D65726964_01
_WRITING = 0x4D65726964_02


def only_one(cursor: CursorWrapper) -> bool:
    """Whether this is the only housekeeping under way: with two beats, or a task that came twice, the second leaves."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_HOUSEKEEPING])
    (mine,) = cursor.fetchone()
    return bool(mine)


def become_only_one(cursor: CursorWrapper) -> None:
    """Waits until no other housekeeping is under way; none begins before the end of this transaction."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_HOUSEKEEPING])


def write(cursor: CursorWrapper) -> None:
    """Results are being added: nobody rolls up an hour that this transaction may still add to."""
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_WRITING])


def hold_writers(cursor: CursorWrapper) -> None:
    """Waits for the writers under way; those that come wait until the end of this transaction."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITING])
