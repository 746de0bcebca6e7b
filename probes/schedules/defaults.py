"""The schedules that a new Meridian starts with."""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from probes.models import Kind, Schedule
from probes.schedules.drafts import Draft

FIRST = (
    Draft(name="Connection test", kind=Kind.CONNECTION, every_seconds=60, jitter_seconds=10),
    Draft(name="Latency", kind=Kind.LATENCY, params={"samples": 20}, every_seconds=300, jitter_seconds=60),
    Draft(name="Health check", kind=Kind.HEALTH, every_seconds=900, jitter_seconds=120),
)
EVER = "SELECT pg_sequence_last_value(pg_get_serial_sequence('probes_schedule', 'id')::regclass)"


@transaction.atomic
def make_first(now: datetime | None = None) -> list[str]:
    """Makes them where there never was a schedule: what somebody deleted does not come back. Returns their names."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE probes_schedule IN SHARE ROW EXCLUSIVE MODE")
        # A number that was given out shows that there was one, even if it is gone.
        cursor.execute(EVER)
        if cursor.fetchone() != (None,):
            return []
    for one in Schedule.objects.bulk_create(draft.fill(Schedule()) for draft in FIRST):
        one.next_at = one.start_after(now or timezone.now())
        one.save(update_fields=["next_at"])
    return [one.name for one in FIRST]
