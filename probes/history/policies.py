"""TimescaleDB community: the continuous aggregate is filled, and then left to policies that follow the settings."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from probes.history import editions
from probes.history.rollup import HOUR, hour_of
from probes.history.statements import statement
from probes.models import Result

NEAR = 2 * HOUR
"""Closer to now than this the policy fills the aggregate."""
FILLED_AT_ONCE = timedelta(days=1)


def agree(now: datetime) -> bool:
    """Fills some of the aggregate, oldest first, then gives it to the policies; True when more is left to do.

    Until the policies exist every hour that is not filled yet is read from the results. They must not begin earlier:
    their window starts after the oldest results, and what lies before it would never be filled.
    """
    if not editions.look().aggregate:
        return False
    hours = _unfilled(now)
    if hours is not None and not policies():
        with connection.cursor() as cursor:
            # Refuses to run in a transaction.
            cursor.execute(statement("refresh"), {"since": hours[0], "until": hours[1]})
        return True
    wanted = _wanted()
    if policies() != wanted:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                statement("community_policies"), {name: f"{span.days} days" for name, span in wanted.items()}
            )
    return False


def filled_until() -> datetime | None:
    """From here on the aggregate answers from the results."""
    with connection.cursor() as cursor:
        cursor.execute(statement("filled_until"))
        moment: datetime | None = cursor.fetchone()[0]
        return moment


def _unfilled(now: datetime) -> tuple[datetime, datetime] | None:
    """The next hours that the aggregate has to be filled with, if any."""
    goal = hour_of(now - NEAR)
    later = Result.objects.filter(issued_at__lt=goal)
    if filled := filled_until():
        later = later.filter(issued_at__gte=filled)
    first = later.order_by("issued_at").values_list("issued_at", flat=True).first()
    if first is None:
        return None
    since = hour_of(first)
    return since, min(since + FILLED_AT_ONCE, goal)


def _wanted() -> Mapping[str, timedelta]:
    kept = timedelta(days=settings.TIMESCALE_RETENTION_DAYS)
    return {
        "compress_after": timedelta(days=settings.TIMESCALE_COMPRESSION_AFTER_DAYS),
        "drop_after": kept,
        # A refresh takes an hour whose results are dropped for an empty one.
        "refresh_from": kept - timedelta(days=1),
        "drop_hours_after": timedelta(days=settings.TIMESCALE_ROLLUP_RETENTION_DAYS),
    }


def policies() -> dict[str, timedelta]:
    """What the policies that exist do, under the names of `_wanted`."""
    with connection.cursor() as cursor:
        cursor.execute(statement("policies"))
        return dict(cursor.fetchall())
