"""How many connections a load test may open on a server that others use too."""

from typing import Any

from probes.engine.errors import ProbeError

# Others' sessions are visible to everybody, though not what they do; a background process has no database.
FREE_SLOTS = """
SELECT least(
    current_setting('max_connections')::int
      - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true)::int, 0)
      - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL),
    (SELECT CASE WHEN rolconnlimit >= 0 THEN rolconnlimit
       - (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usename = r.rolname) END
     FROM pg_catalog.pg_roles r WHERE rolname = current_user AND NOT rolsuper),
    (SELECT CASE WHEN datconnlimit >= 0 THEN datconnlimit
       - (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) END
     FROM pg_catalog.pg_database d WHERE datname = current_database())
)::int
"""


async def check_slots(connection: Any, clients: int) -> int:
    """How many slots are free. `ProbeError` if ``clients`` are more than half of them."""
    free: int = await connection.fetchval(FREE_SLOTS)
    if clients > free // 2:
        raise ProbeError(
            "slots_exceeded",
            "worker",
            f"{clients} clients, but at most {max(free // 2, 0)} of {max(free, 0)} free connections",
        )
    return free
