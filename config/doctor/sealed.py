"""Whether every stored secret can be opened."""

from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError

from config.doctor.findings import Finding, broken, ok, watch
from connections import rotation, vault


def vault_keys() -> Iterator[Finding]:
    try:
        vault.require_keys()
    except vault.NoKey as error:
        yield broken(str(error), "Set MERIDIAN_VAULT_KEYS.")
        return
    try:
        sealed = rotation.sealed_by()
    except DatabaseError:
        yield broken("Not looked at, because the database does not answer.", "See database.")
        return
    known = [vault.fingerprint(key) for key in settings.VAULT_KEYS]
    yield ok(f"Key {known[0]} seals; {len(known)} can open.")
    for name, count in sealed.items():
        if name not in known:
            yield broken(
                f"{count} secrets were sealed with key {name}, which is not in MERIDIAN_VAULT_KEYS.",
                "Put that key back at the end of the list, or enter those passwords again.",
            )
        elif name != known[0]:
            yield watch(
                f"{count} secrets are still sealed with the older key {name}.",
                "Run `manage.py rotate_vault_keys`.",
            )
