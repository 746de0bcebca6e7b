"""Which connections a schedule tests: those that its scope names and that are active when it starts."""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from connections.models import Connection, Provider, Region
from probes.models import Schedule
from probes.schedules.drafts import Draft

Scope = Schedule.Scope
MOST_WORDS = 50
NOTHING = {
    Scope.ALL: "No connection is active.",
    Scope.CONNECTIONS: "None of its connections is active; those that were deleted have left it.",
    Scope.TAGS: "No active connection has one of its tags.",
    Scope.REGIONS: "No active connection is in one of its regions.",
    Scope.PROVIDERS: "No active connection is with one of its providers.",
}
"""What to say when nothing matches."""


def targets_of(schedule: Schedule) -> QuerySet[Connection]:
    chosen = schedule.connections.values_list("pk", flat=True) if schedule.scope == Scope.CONNECTIONS else ()
    return matching(Scope(schedule.scope), schedule.words, tuple(chosen))


def matching(scope: Scope, words: Collection[str], connections: Collection[int]) -> QuerySet[Connection]:
    active = Connection.objects.active().order_by("pk")
    match scope:
        case Scope.ALL:
            return active
        case Scope.CONNECTIONS:
            return active.filter(pk__in=connections)
        case Scope.TAGS:
            return active.filter(tags__overlap=list(words))
        case Scope.REGIONS:
            return active.filter(region__code__in=words)
        case Scope.PROVIDERS:
            return active.filter(provider__in=words)


def check(draft: Draft) -> None:
    """Raises `ValidationError` for connections, regions or providers that there are not, and for none at all."""
    match draft.scope:
        case Scope.CONNECTIONS:
            known = set(Connection.objects.filter(pk__in=draft.connections).values_list("pk", flat=True))
            unknown = [str(pk) for pk in draft.connections if pk not in known]
            _require("connections", draft.connections, unknown, "connection")
        case Scope.TAGS:
            _require("words", draft.words, [word for word in draft.words if "\0" in word], "tag")
        case Scope.REGIONS:
            codes = set(Region.objects.filter(code__in=draft.words).values_list("code", flat=True))
            _require("words", draft.words, [word for word in draft.words if word not in codes], "region")
        case Scope.PROVIDERS:
            unknown = [word for word in draft.words if word not in Provider.values]
            _require("words", draft.words, unknown, "provider")


def _require(field: str, chosen: Collection[object], unknown: list[str], what: str) -> None:
    if not chosen:
        raise ValidationError({field: f"Choose at least one {what}."})
    if field == "words" and len(chosen) > MOST_WORDS:
        raise ValidationError({field: f"Choose at most {MOST_WORDS}."})
    if unknown:
        raise ValidationError({field: f"There is no {what} {', '.join(unknown[:5])}."})
