"""The SQL of the checks: read from files once, chosen by server version, role and privileges."""

import functools
import re
from dataclasses import dataclass
from importlib import resources

from probes.engine.health.facts import identifier

OLDEST = 13
"""The oldest PostgreSQL that the checks are written for."""

STATEMENT_SECONDS = 5.0
"""The longest that one check may run, so that a slow one leaves time for the others."""

LOCK_MS = 1_000

_FRAMES = {"begin", "answer"}

_CONDITIONS = re.compile(
    r"^-- PostgreSQL (?P<oldest>\d+) (?:to (?P<newest>\d+)|and later); "
    r"(?P<roles>primary and replica|primary|replica); (?P<rights>any user|pg_read_all_stats)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Query:
    """One file. ``newest`` is None when it holds for every later version as well."""

    name: str
    oldest: int
    newest: int | None
    roles: frozenset[str]
    privileged: bool
    sql: str

    @property
    def check(self) -> str:
        return self.name.partition(".")[0]

    def in_schema(self, schema: str) -> str:
        """The SQL, with the extension pg_stat_statements in ``schema``."""
        return self.sql.replace("{pg_stat_statements}", f"{identifier(schema)}.pg_stat_statements")

    def fits(self, major: int, *, replica: bool, privileged: bool) -> bool:
        return (
            self.oldest <= major <= (self.newest or major)
            and ("replica" if replica else "primary") in self.roles
            and (privileged or not self.privileged)
        )


def choose(check: str, major: int, *, replica: bool, privileged: bool) -> Query | None:
    """The query of this check for such a server and user; of two, the one that uses the user's privileges.

    None when the check does not exist there.
    """
    fitting = [
        query
        for query in _queries()
        if query.check == check and query.fits(major, replica=replica, privileged=privileged)
    ]
    return max(fitting, key=lambda query: query.privileged, default=None)


def opening(seconds: float) -> str:
    """What opens the transaction of a probe that has ``seconds`` in all."""
    milliseconds = max(1, int(1000 * min(seconds, STATEMENT_SECONDS)))
    return _named("begin").sql.replace("{statement_ms}", str(milliseconds)).replace("{lock_ms}", str(LOCK_MS))


def as_json(question: str) -> str:
    return _named("answer").sql.replace("{question}", question)


def facts() -> str:
    return _named("facts").sql


def _named(name: str) -> Query:
    return next(query for query in _queries() if query.name == name)


@functools.cache
def _queries() -> tuple[Query, ...]:
    folder = resources.files(__package__) / "sql"
    return tuple(
        _parse(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    )


def _parse(name: str, text: str) -> Query:
    conditions = _CONDITIONS.search(text)
    if conditions is None:
        raise ValueError(f"{name}.sql does not say which servers it is for")
    lines = [line for line in text.splitlines() if line and not line.startswith("--")]
    return Query(
        name=name,
        oldest=int(conditions["oldest"]),
        newest=int(conditions["newest"]) if conditions["newest"] else None,
        roles=frozenset(conditions["roles"].split(" and ")),
        privileged=conditions["rights"] == "pg_read_all_stats",
        # The comment tells an administrator who asks.
        sql="\n".join(lines) if name in _FRAMES else f"/* meridian health: {name} */\n" + "\n".join(lines),
    )
