"""The web process's few database connections, which its requests share."""

from django.db import connection


def give_back() -> None:
    """Whoever goes on for long without the database keeps no connection from the others meanwhile."""
    if not connection.in_atomic_block:
        connection.close()
