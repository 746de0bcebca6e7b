"""What `manage.py doctor` looks at: each part of Meridian, how it is, and what to do about it."""

from collections.abc import Callable, Iterator

from config.doctor import broker, database, outside, sealed, served
from config.doctor.findings import Finding, State

__all__ = ["PARTS", "Finding", "State", "examine"]

PARTS: dict[str, Callable[[], Iterator[Finding]]] = {
    "settings": served.settings_of_production,
    "assets": served.assets,
    "database": database.answers,
    "migrations": database.migrations,
    "history": database.history,
    "vault": sealed.vault_keys,
    "broker": broker.answers,
    "persistence": broker.persistence,
    "workers": broker.workers,
    "beat": broker.beat,
    "clock": broker.clock,
    "flags": outside.flags,
    "assistant": outside.ollama,
}


def examine() -> Iterator[Finding]:
    """Each part in turn, as it is found. A part that cannot be looked at, because another is away, says so."""
    for part, look in PARTS.items():
        for finding in look():
            yield finding.of(part)
