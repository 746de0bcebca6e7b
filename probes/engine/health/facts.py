"""What a server says of itself and of our user, on which the choice of queries and the verdicts depend."""

from dataclasses import dataclass
from typing import Self

from probes.engine.errors import ProbeError
from probes.engine.health.answers import Row


@dataclass(frozen=True, kw_only=True)
class Facts:
    """``version`` is server_version_num. ``sees_all`` is whether our user may see other users' sessions.

    ``statements_schema`` is where the extension pg_stat_statements is, or empty. ``preloaded`` is None when the
    user may not know. ``pid`` is the real backend's, also behind a pooler.
    """

    version: int
    replica: bool
    pid: int
    user: str
    sees_all: bool
    application_name: str = ""
    pgbouncer_statements: bool = False
    statements_schema: str = ""
    statements_version: str = ""
    preloaded: bool | None = None

    @property
    def major(self) -> int:
        return self.version // 10_000

    @property
    def grant(self) -> str:
        """The statement that lets our user see what is hidden from it; safe to paste."""
        return f"GRANT pg_monitor TO {identifier(self.user)};"

    @classmethod
    def read(cls, rows: list[Row]) -> Self:
        """Raises `ProbeError` when the answer does not hold what every server knows."""
        row = rows[0] if rows else Row({})
        version, replica, pid = row.number("version"), row.flag("replica"), row.number("pid")
        if version is None or replica is None or pid is None:
            raise ProbeError("protocol_violation", "query", "the server does not describe itself")
        return cls(
            version=int(version),
            replica=replica,
            pid=int(pid),
            user=row.text("user_name"),
            sees_all=bool(row.flag("sees_all")),
            application_name=row.text("application_name"),
            pgbouncer_statements=bool(row.flag("pgbouncer_statements")),
            statements_schema=row.text("statements_schema"),
            statements_version=row.text("statements_version"),
            preloaded=row.flag("preloaded"),
        )


def identifier(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'
