"""Sets up what the server offers: by the migration for a new installation, by `history adopt` for an existing one.

Every step looks at what is there, so that it may be interrupted anywhere and run again.
"""

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from probes.history import editions, locks, rollup
from probes.history.statements import (
    aggregate_of_chunks,
    digest_of_aggregate,
    hourly,
    hourly_columns,
    statement,
)
from probes.models import Upkeep


def establish() -> editions.Layout:
    """Makes what is missing of the edition that the server offers, in one transaction, and returns what is there now.

    Moving the rows of a plain table into chunks locks it for as long as that takes; results wait on their queue.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        locks.become_only_one(cursor)
        cursor.execute("SELECT to_regclass('probes_rolledup') IS NULL")
        if cursor.fetchone()[0]:
            cursor.execute(statement("rolled_up").replace("{hourly}", hourly("true")))
        cursor.execute(statement("trend_index"))
        layout = editions.look()
        if layout.outdated:
            _give_up_aggregate(cursor)
            layout = editions.look()
        if layout.edition is not editions.Edition.PLAIN and not layout.hypertable:
            cursor.execute(statement("hypertable"))
        if layout.edition is editions.Edition.COMMUNITY and not layout.aggregate:
            aggregate = statement("community_aggregate").replace("{hourly}", aggregate_of_chunks())
            cursor.execute(aggregate.replace("{digest}", digest_of_aggregate()))
            _begin_aggregate()
        layout = editions.look()
        rollup.draw_view(cursor, layout)
    return layout


def _give_up_aggregate(cursor: CursorWrapper) -> None:
    """Hours whose results are gone cannot be made again: the table keeps them."""
    cursor.execute(statement("results_since"))
    (since,) = cursor.fetchone()
    if since is not None:
        cursor.execute(statement("keep_hours").replace("{columns}", hourly_columns()), {"before": since})
        upkeep, _ = Upkeep.objects.get_or_create()
        upkeep.kept_from = max(since, upkeep.kept_from or since)
        upkeep.save()
    cursor.execute(statement("forget_aggregate"))


def _begin_aggregate() -> None:
    """The table keeps only those hours whose results are gone: the aggregate makes the others from the results."""
    upkeep, _ = Upkeep.objects.get_or_create()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM probes_rolledup WHERE bucket >= coalesce(%s::timestamptz, '-infinity')",
            [upkeep.kept_from],
        )
    upkeep.watermark = None
    upkeep.save()


def remove() -> None:
    """Undoes the roll-up, for a migration backwards. A hypertable stays one, and works as the table that it was."""
    with connection.cursor() as cursor:
        if editions.look().aggregate:
            cursor.execute(statement("forget_aggregate"))
        cursor.execute("DROP VIEW IF EXISTS result_hourly")
        cursor.execute("DROP TABLE IF EXISTS probes_rolledup")
