"""Sealing everything again with the newest key, while the site is in use."""

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Left

from connections import vault
from connections.models import Connection

BATCH = 200
_SEALED = ("password_sealed", "sslkey_sealed")
STEPS = (
    "Add the new key at the end of MERIDIAN_VAULT_KEYS, in every process and every region, and restart them.",
    "Move it to the front, everywhere, and restart them.",
    "Run `manage.py rotate_vault_keys` until it says that older keys are no longer needed.",
    "Remove the old key everywhere.",
)
"""How to change keys without downtime: nothing is sealed with a key before everybody can open what it sealed."""


@dataclass
class Rotation:
    """How many connections were sealed again, which were busy, and what no key opens (a line for each)."""

    resealed: int = 0
    busy: int = 0
    unreadable: list[str] = field(default_factory=list)


def sealed_by() -> dict[str, int]:
    """How many secrets each key has sealed, by the key's fingerprint."""
    found: dict[str, int] = {}
    for name in _SEALED:
        keys = Connection.with_deleted.exclude(**{name: ""}).values_list(Left(name, vault.FINGERPRINT_LENGTH))
        for key, count in keys.annotate(Count("pk")).order_by():
            found[key] = found.get(key, 0) + count
    return found


def rotate_all() -> Rotation:
    """Seals every secret with the first key. Rows in use elsewhere are left for the next time; it may be repeated."""
    done = Rotation()
    last = 0
    while batch := _rotate_batch(last, done):
        last = batch
    done.busy = max(0, Connection.with_deleted.filter(_stale()).count() - len(done.unreadable))
    return done


def _rotate_batch(after: int, done: Rotation) -> int:
    """Handles the next rows; returns the last one's id, 0 when there are none."""
    with transaction.atomic():
        rows = list(
            Connection.with_deleted.filter(_stale(), pk__gt=after)
            .select_for_update(skip_locked=True)
            .order_by("pk")[:BATCH]
        )
        for row in rows:
            _rotate(row, done)
    return rows[-1].pk if rows else 0


def _rotate(row: Connection, done: Rotation) -> None:
    try:
        sealed = {name: vault.rotate(token) for name in _SEALED if (token := getattr(row, name))}
    except vault.Unreadable as error:
        done.unreadable.append(f"{row.name} ({row.pk}): {error}")
        return
    # Not save(): nothing about the connection changed, so nothing should be tested again.
    Connection.with_deleted.filter(pk=row.pk).update(**sealed)
    done.resealed += 1


def _stale() -> Q:
    current = vault.current_prefix()
    stale = Q()
    for name in _SEALED:
        stale |= ~Q(**{name: ""}) & ~Q(**{f"{name}__startswith": current})
    return stale
