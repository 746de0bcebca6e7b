"""The checks, in the order in which they are asked and shown."""

from collections.abc import Callable
from dataclasses import dataclass

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding
from probes.engine.health.verdicts import (
    activity,
    indexes,
    replication,
    settings,
    statements,
    storage,
    upkeep,
)


def _nothing_missing(facts: Facts) -> Finding | None:
    return None


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """``judge`` turns the rows of the check's SQL into a finding; with ``always_answers`` there is at least one.

    ``missing`` is the finding instead of asking, when the facts show that there is no use in it. ``pooled`` says what
    a pooler hides of the figure. Without its ``core`` checks a health probe has failed.
    """

    key: str
    title: str
    judge: Callable[[list[Row], Facts], Finding]
    missing: Callable[[Facts], Finding | None] = _nothing_missing
    always_answers: bool = True
    pooled: str = ""
    core: bool = False


_CLIENTS = "Through a pooler: these are its connections to the server. Clients that wait in the pooler are not counted."
_WHOSE = "Through a pooler: sessions are the pooler's, so the application behind each may be another."

CHECKS = (
    HealthCheck(
        key="connections", title="Connections", judge=activity.connections, pooled=_CLIENTS, core=True
    ),
    HealthCheck(key="cache_hits", title="Cache hits", judge=storage.cache_hits, core=True),
    HealthCheck(key="database_size", title="Database size", judge=storage.database_size),
    HealthCheck(
        key="statements",
        title="Top statements",
        judge=statements.statements,
        missing=statements.without_extension,
        always_answers=False,
    ),
    HealthCheck(key="replication", title="Replication", judge=replication.replication, always_answers=False),
    HealthCheck(
        key="replication_slots", title="Replication slots", judge=replication.slots, always_answers=False
    ),
    HealthCheck(
        key="long_transactions",
        title="Long transactions",
        judge=activity.long_transactions,
        always_answers=False,
        pooled=_WHOSE,
    ),
    HealthCheck(
        key="idle_in_transaction",
        title="Idle in transaction",
        judge=activity.idle_in_transaction,
        always_answers=False,
        pooled=_WHOSE,
    ),
    HealthCheck(
        key="blocked",
        title="Blocked and blocking",
        judge=activity.blocked,
        always_answers=False,
        pooled=_WHOSE,
    ),
    HealthCheck(key="wraparound", title="Transaction ids", judge=upkeep.wraparound),
    HealthCheck(key="vacuum", title="Autovacuum and dead rows", judge=upkeep.vacuum),
    HealthCheck(key="checkpoints", title="Checkpoints", judge=storage.checkpoints),
    HealthCheck(key="temp_files", title="Temporary files", judge=storage.temp_files),
    HealthCheck(key="unused_indexes", title="Unused indexes", judge=indexes.unused, always_answers=False),
    HealthCheck(
        key="duplicate_indexes", title="Duplicate indexes", judge=indexes.duplicate, always_answers=False
    ),
    HealthCheck(key="invalid_indexes", title="Invalid indexes", judge=indexes.invalid, always_answers=False),
    HealthCheck(key="settings", title="Settings", judge=settings.settings),
)
