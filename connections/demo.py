"""The databases that a first start shows: real ones behind local proxies that simulate a distance."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from connections import aiven, vault
from connections.models import Connection, Provider, Region


class DemoRow(TypedDict, total=False):
    """One demo database. ``sslrootcert`` is PEM text, ``simulated_rtt_ms`` milliseconds of round trip."""

    name: Required[str]
    region_code: Required[str]
    host: Required[str]
    port: Required[int]
    database: Required[str]
    username: Required[str]
    password: Required[str]
    sslmode: Required[str]
    sslrootcert: str
    simulated_rtt_ms: Required[float]


_KEPT_CURRENT = ("host", "port", "database", "username", "sslmode", "simulated_rtt_ms")


def seed(rows: Sequence[DemoRow], environ: Mapping[str, str] = os.environ) -> str:
    """Adds the demo to a site that never had a connection; elsewhere only corrects what is left of it.

    Deleted ones stay deleted, and a site with databases of its own never gets any. Returns what was done,
    "" when no rows are given.
    """
    if not rows:
        return ""
    with transaction.atomic():
        if settings.DEMO and _never_had_a_connection() and not aiven.is_set(environ):
            made = [_save(Connection(name=row["name"], **_place(row["region_code"])), row) for row in rows]
            return f"Added {len(made)} demo databases, with simulated distances."
        changed = sum(_update(row) for row in rows)
    return f"Updated {changed} demo databases." if changed else ""


def _never_had_a_connection() -> bool:
    """Its identity sequence remembers rows that were deleted since."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [Connection._meta.db_table])
        [sequence] = cursor.fetchone()
        cursor.execute(f"SELECT NOT is_called FROM {sequence}")  # noqa: S608 - the name is PostgreSQL's own
        [never] = cursor.fetchone()
    return bool(never)


def _place(code: str) -> dict[str, Any]:
    region = Region.objects.filter(code=code).first()
    return {"region": region, "provider": region.provider if region else Provider.OTHER}


def _update(row: DemoRow) -> bool:
    stored = (
        Connection.objects.named(row["name"])
        .filter(simulated_rtt_ms__isnull=False)
        .select_for_update()
        .first()
    )
    if stored is None or not _differs(stored, row):
        return False
    _save(stored, row)
    return True


def _differs(stored: Connection, row: DemoRow) -> bool:
    try:
        password = stored.open_password()
    except vault.Unreadable:
        return True
    return (
        password != row["password"]
        or stored.sslrootcert != row.get("sslrootcert", "")
        or any(getattr(stored, name) != row[name] for name in _KEPT_CURRENT)  # type: ignore[literal-required]
    )


def _save(demo: Connection, row: DemoRow) -> Connection:
    for name in _KEPT_CURRENT:
        setattr(demo, name, row[name])  # type: ignore[literal-required]
    demo.sslrootcert = row.get("sslrootcert", "")
    demo.set_password(row["password"])
    demo.full_clean()
    demo.save()
    return demo
