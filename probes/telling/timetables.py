"""What a schedule does, in words."""

from probes.models import Schedule

UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def every(seconds: int) -> tuple[int, str]:
    """An interval in the largest unit that it is whole in: 300 is (5, "minute")."""
    return next((seconds // length, unit) for unit, length in UNITS if seconds % length == 0)


def when(schedule: Schedule) -> str:
    if schedule.cron:
        return f"{schedule.cron} in {schedule.time_zone}"
    count, unit = every(schedule.every_seconds or 0)
    return f"every {count} {unit}s" if count > 1 else f"every {unit}"


def which(schedule: Schedule) -> str:
    """What it tests, as a few words."""
    if schedule.scope == Schedule.Scope.ALL:
        return "everything that is active"
    if schedule.scope == Schedule.Scope.CONNECTIONS:
        names = [one.name for one in schedule.connections.all()]
        return f"{len(names)} connections" if len(names) > 3 else ", ".join(names) or "no connection any more"
    words = ", ".join(schedule.words[:5]) + (" …" if len(schedule.words) > 5 else "")
    return f"{schedule.get_scope_display().lower()}: {words}"
