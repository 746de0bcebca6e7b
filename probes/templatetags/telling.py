"""What was asked and found, in templates: see `probes.telling`."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils.safestring import SafeString, mark_safe

from probes.models import Kind, Measured, Run
from probes.states import State
from probes.telling import asked, conclusions, drawn, statements, words
from probes.telling.figures import NONE, fine, measured, rate, share
from probes.telling.statements import Ranking

register = template.Library()
register.filter("said", words.said_of)
register.filter("conclusion", conclusions.conclusion)
register.filter("sorted_checks", words.sorted_checks)
register.filter("table_rows", drawn.table_rows)
register.filter("failed", drawn.failed)

_IN_HTML = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_NAMES = {
    Kind.CONNECTION: "Connection test",
    Kind.LATENCY: "Latency test",
    Kind.LOAD: "Load test",
    Kind.HEALTH: "Health check",
}


@register.filter
def test_name(kind: str) -> str:
    return _NAMES[Kind(kind)]


@register.filter
def asked_for(run: Run) -> str:
    return asked.asked(run.kind_of_probe, run.params)


@register.filter
def bins(detail: Mapping[str, Any]) -> list[drawn.Bin]:
    return drawn.bins(detail.get("histogram", ""))


@register.filter
def report_of(result: Measured) -> dict[str, Any]:
    return drawn.report_of(result.kind, result.detail)


@register.filter
def as_json(value: object) -> SafeString:
    """JSON that HTML takes for text, whatever a server put into it."""
    return mark_safe(json.dumps(value, separators=(",", ":")).translate(_IN_HTML))  # noqa: S308 - escaped just here


@register.filter
def verdict_state(verdict: str) -> State:
    return words.STATE_OF_VERDICT[verdict]


@register.filter
def verdict_counts(result: Measured) -> list[tuple[State, int, str]]:
    """How many checks came to each verdict that some came to, the gravest first."""
    found = words.verdicts(result)
    return [(words.STATE_OF_VERDICT[one], found[one], one) for one in words.VERDICTS if found[one]]


@register.filter
def rankings(detail: Mapping[str, Any] | None) -> list[Ranking]:
    return statements.rankings(detail or {})


@register.filter
def export_query(run: Run) -> str:
    """The parameters of a file with the results of a run; they all carry the moment at which it was asked for."""
    begins = run.created_at.replace(microsecond=0)
    return urlencode(
        {"run": str(run.pk), "from": begins.isoformat(), "to": (begins + timedelta(seconds=1)).isoformat()}
    )


@register.filter
def brief(result: Measured) -> str:
    """A result in a few words, for a list to choose from."""
    if not result.ok:
        return result.error_code
    match result.kind:
        case Kind.LOAD:
            return rate(result.rate)
        case Kind.HEALTH:
            return share(result.cache_hit_ratio)
        case Kind.LATENCY:
            return fine(result.p50_ms)
        case _:
            return fine(result.total_ms)


@register.filter
def not_good(detail: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for check in words.sorted_checks(detail) if check["verdict"] != "good"]


@register.filter
def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names under which some row holds something; ranks only order the rows."""
    names = [name for name in rows[0] if not name.startswith("by_")] if rows else []
    return [name for name in names if any(row.get(name) not in (None, "") for row in rows)]


@register.filter
def cell(row: Mapping[str, Any], name: str) -> Any:
    return row.get(name)


@register.filter
def unit_of(name: str) -> str:
    """The unit that a column's name tells."""
    endings = {"_ms": "ms", "seconds": "s", "bytes": "bytes", "share": "%", "percent": "%"}
    return next((unit for ending, unit in endings.items() if name.endswith(ending)), "")


@register.filter
def heading(name: str) -> str:
    """A column's name as a heading: ``blocking_pid`` becomes ``blocking pid``, a unit goes to the figures."""
    return name.removesuffix("_ms").removesuffix("_bytes").replace("_", " ")


@register.filter
def check_figure(result: Measured | None, key: str) -> str:
    """The value of one health check, with its unit."""
    found = [one for one in (result.detail.get("checks", ()) if result else ()) if one["key"] == key]
    return measured(found[0]["value"], found[0]["unit"]) if found else NONE
