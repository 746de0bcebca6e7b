"""Our own PostgreSQL: whether it answers, whether its tables are those of this version, what the history is kept on."""

from collections.abc import Iterator

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config.doctor.findings import Finding, broken, ok, watch
from probes.history import editions, status

OLDEST = 130000
"""PostgreSQL's own way to number its versions."""


def answers() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('server_version_num')::int"
            )
            version, number = cursor.fetchone()
    except DatabaseError as error:
        yield broken(
            f"The database does not answer: {first_line(error)}", "Start it, or set DATABASE_URL right."
        )
        return
    if number < OLDEST:
        yield broken(f"PostgreSQL {version} is too old.", "Use PostgreSQL 13 or newer.")
    else:
        yield ok(f"PostgreSQL {version} answers.")


def migrations() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        yield broken("Not looked at, because the database does not answer.", "See database.")
        return
    if waiting:
        names = ", ".join(f"{step.app_label}.{step.name}" for step, _ in waiting[:3])
        more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
        yield broken(f"{len(waiting)} migrations wait: {names}{more}.", "Run `make db-setup`.")
    else:
        yield ok("The tables are those of this version.")


def history() -> Iterator[Finding]:
    try:
        layout = editions.look()
    except DatabaseError:
        yield broken("Not looked at, because the database does not answer.", "See database.")
        return
    kept_on = f"{layout.edition.value} {layout.version}".strip()
    steps = list(status.missing(layout))
    if steps:
        yield watch(f"The history is kept on {kept_on}; it could be kept better.", " ".join(steps))
    else:
        yield ok(f"The history is kept on {kept_on}, with everything that it offers.")


def first_line(error: DatabaseError) -> str:
    """libpq names host and user here, and never the password."""
    return str(error).strip().split("\n", 1)[0]
