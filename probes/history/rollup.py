"""The hourly roll-up of plain PostgreSQL and TimescaleDB's Apache edition: a table below a watermark, rows above it.

The watermark moves up every ten minutes and never back, so that few rows lie above it; the hour that it stands in has a
part on either side. A result that comes below it marks its hour as stale, and what lies below of the hour is rolled up
again; so is every hour of the future, after a clock was ahead for a while.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from probes.history import editions, locks
from probes.history.statements import hourly, hourly_columns, statement
from probes.models import Result, StaleHour, Upkeep

HOUR = timedelta(hours=1)
PACE = timedelta(minutes=10)
"""From one watermark to the next. An hour is rolled up six times, and what is read of raw rows is never longer."""
LAG = timedelta(minutes=5)
"""Most results arrive by then; the others mark their hour as stale."""
LOCK_WAIT = "2s"
FOREVER_AGO = "-infinity"


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def goal_of(now: datetime) -> datetime:
    """Where the watermark should stand."""
    late = now - LAG
    return late - (late - hour_of(late)) % PACE


def advance(now: datetime) -> bool:
    """Rolls up what came next, an hour at most, because writers wait for it; True when more is left to do.

    Does nothing while somebody else is at it.
    """
    goal = goal_of(now)
    with transaction.atomic(), connection.cursor() as cursor:
        if not locks.only_one(cursor) or (layout := editions.look()).aggregate:
            return False
        upkeep = Upkeep.objects.first() or Upkeep()
        if upkeep.watermark is not None and upkeep.watermark >= goal:
            return False
        locks.hold_writers(cursor)
        since, until = _next_stretch(upkeep.watermark, goal)
        _fold(cursor, since, until)
        upkeep.watermark = until
        upkeep.save()
        draw_view(cursor, layout)
    return until < goal


def _next_stretch(watermark: datetime | None, goal: datetime) -> tuple[datetime, datetime]:
    """From the beginning of an hour: one that was rolled up in part is made again. Hours without results are skipped."""
    later = Result.objects.filter(issued_at__lt=goal)
    if watermark is not None:
        later = later.filter(issued_at__gte=watermark)
    first = later.order_by("issued_at").values_list("issued_at", flat=True).first()
    if first is None:
        return goal, goal
    since = hour_of(first)
    return since, min(since + HOUR, goal)


def fold_again() -> bool:
    """Rolls up the oldest of the hours that got results late; True when it did."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not locks.only_one(cursor):
            return False
        upkeep = Upkeep.objects.first()
        if upkeep is None or upkeep.watermark is None:
            return False
        stale = StaleHour.objects.filter(bucket__lt=upkeep.watermark).order_by("bucket").first()
        if stale is None:
            return False
        locks.hold_writers(cursor)
        # Of an older hour some results may be gone: what is rolled up says more than what is left.
        if upkeep.kept_from is None or stale.bucket >= upkeep.kept_from:
            _fold(cursor, stale.bucket, min(stale.bucket + HOUR, upkeep.watermark))
        stale.delete()
    return True


def _fold(cursor: CursorWrapper, since: datetime, until: datetime) -> None:
    """Rolls up from the beginning of an hour."""
    hours = {"since": since, "until": until}
    cursor.execute("DELETE FROM probes_rolledup WHERE bucket >= %(since)s AND bucket < %(until)s", hours)
    rows = hourly("issued_at >= %(since)s AND issued_at < %(until)s")
    fold = statement("fold").replace("{columns}", hourly_columns())
    cursor.execute(fold.replace("{hourly}", rows), hours)


def mark_stale(cursor: CursorWrapper, since: datetime, until: datetime) -> None:
    """Notes that results were added from ``since`` to ``until``, both included.

    Called in the transaction that adds them, which has called `locks.write` before it did.
    """
    cursor.execute(statement("mark_stale"), {"since": since, "hour": hour_of(since), "until": until})


def draw_view(cursor: CursorWrapper, layout: editions.Layout) -> None:
    """Draws `result_hourly` anew, after what the housekeeping has noted.

    Waits only briefly for those who are reading it: whoever comes later would wait behind.
    """
    upkeep = Upkeep.objects.first() or Upkeep()
    columns = hourly_columns()
    unseen = "connection_id NOT IN (SELECT connection_id FROM probes_purge)"
    if layout.aggregate:
        boundary = _literal(upkeep.kept_from)
        rest = f"SELECT {columns} FROM result_hourly_aggregate WHERE bucket >= {boundary} AND {unseen}"  # noqa: S608
    else:
        rest = hourly(f"issued_at >= {_literal(upkeep.watermark)} AND {unseen}")
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_WAIT])
    cursor.execute(statement("hourly_view").replace("{columns}", columns).replace("{rest}", rest))


def _literal(moment: datetime | None) -> str:
    return f"TIMESTAMPTZ '{moment.isoformat() if moment else FOREVER_AGO}'"
