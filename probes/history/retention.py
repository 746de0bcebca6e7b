"""Removes what is older than it is kept. The community edition's policies do it there, see `probes.history.policies`."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from probes.history import editions, locks
from probes.history.rollup import LOCK_WAIT, hour_of
from probes.history.statements import statement
from probes.models import Result, Run, StaleHour, Upkeep

AT_ONCE = 5_000
RUNS_AT_ONCE = 500
"""Each takes its jobs along."""


def drop_results(now: datetime) -> bool:
    """Removes some of the results that are too old; True when more is left to do.

    An hour that is not rolled up, or has to be again, is kept until it was.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if not locks.only_one(cursor) or (layout := editions.look()).aggregate:
            return False
        upkeep = Upkeep.objects.first()
        if upkeep is None or upkeep.watermark is None:
            return False
        stale = StaleHour.objects.order_by("bucket").values_list("bucket", flat=True).first()
        wanted = hour_of(now - timedelta(days=settings.TIMESCALE_RETENTION_DAYS))
        before = min(moment for moment in (wanted, hour_of(upkeep.watermark), stale) if moment is not None)
        upkeep.kept_from = max(before, upkeep.kept_from or before)
        upkeep.save()
        if layout.hypertable:
            return _drop_chunks(cursor, before)
        return _delete_oldest(cursor, before)


def _drop_chunks(cursor: CursorWrapper, before: datetime) -> bool:
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_WAIT])
    cursor.execute(statement("drop_chunks"), {"before": before})
    return False


def _delete_oldest(cursor: CursorWrapper, before: datetime) -> bool:
    cursor.execute(statement("drop_results"), {"before": before, "at_once": AT_ONCE})
    return bool(cursor.rowcount >= AT_ONCE)


def drop_hours(now: datetime) -> bool:
    """Removes some of the roll-up's hours that are too old; True when more is left to do."""
    before = hour_of(now - timedelta(days=settings.TIMESCALE_ROLLUP_RETENTION_DAYS))
    with transaction.atomic(), connection.cursor() as cursor:
        if not locks.only_one(cursor):
            return False
        cursor.execute(statement("drop_hours"), {"before": before, "at_once": AT_ONCE})
        return bool(cursor.rowcount >= AT_ONCE)


def drop_runs(now: datetime) -> bool:
    """Removes some of the runs that ended and have no results any more, dropped with their chunk; True when more is left.

    Each result that can still be listed leads to its run, however long its chunk outlives it.
    """
    before = now - timedelta(days=settings.TIMESCALE_RETENTION_DAYS)
    first = Result.objects.order_by("issued_at").values_list("issued_at", flat=True).first()
    before = min(before, first or before)
    oldest = Run.objects.filter(created_at__lt=before).exclude(finished_at=None).order_by("created_at")
    ids = list(oldest.values_list("pk", flat=True)[:RUNS_AT_ONCE])
    Run.objects.filter(pk__in=ids).delete()
    return len(ids) == RUNS_AT_ONCE
