"""Outcomes as text: the verdict, the figures, the server; on failure the cause and what to do."""

from collections.abc import Mapping
from typing import Any

from probes.engine.outcome import Failure, Outcome, Summary
from probes.management.terminal import health
from probes.management.terminal.text import milliseconds, printable, table

PHASES = ("dns", "tcp", "tls", "auth", "query", "total")
FIGURES = ("min", "mean", "p50", "p95", "p99", "max", "stddev")

MAX_SERIES_ROWS = 30
"""Rows of the table by second; longer tests show every so many seconds."""


def readable(outcome: Outcome) -> str:
    """A few lines for a terminal."""
    lines = [verdict(outcome.failure), *_timings(outcome)]
    if outcome.summary is not None:
        lines += _summary(outcome.summary)
    if outcome.kind == "latency":
        lines += _latency(outcome.detail)
    # A load test that did not begin has nothing to tell.
    if outcome.kind == "load" and outcome.detail:
        lines += _load(outcome.detail)
    if outcome.kind == "health":
        lines += health.checks(outcome.detail)
    return "\n".join([*lines, *_server(outcome), *_cause(outcome)])


def verdict(failure: Failure | None) -> str:
    if failure is None:
        return "Works."
    if failure.phase == "worker":
        return f"Not tested: {failure.code}"
    return f"Failed in {failure.phase}: {failure.code}"


def _timings(outcome: Outcome) -> list[str]:
    return [
        f"  {name:<6}{value:>10.1f} ms"
        for name in PHASES
        if (value := getattr(outcome.timings, name)) is not None
    ]


def _summary(summary: Summary) -> list[str]:
    rate = "" if summary.rate is None else f", {summary.rate:,.1f} a second"
    lines = [f"  {summary.samples:,} measured, {summary.failures:,} failed{rate}"]
    if summary.samples:
        lines += table(FIGURES, [[milliseconds(getattr(summary, name)) for name in FIGURES]])
    return lines


def _latency(detail: Mapping[str, Any]) -> list[str]:
    lines = [f"  jitter {milliseconds(detail['jitter_ms'])} ms"]
    if detail["server_ms"] is not None:
        lines.append(f"  of which the server's own work {milliseconds(detail['server_ms'])} ms")
    if len(detail["samples"]) < detail["planned"]:
        lines.append(f"  ended after {len(detail['samples'])} of {detail['planned']} round trips")
    if detail.get("cold"):
        rows = [
            [*(milliseconds(cold[phase]) for phase in PHASES), printable(cold["failed"])]
            for cold in detail["cold"]
        ]
        lines += ["  cold connects", *table([*PHASES, "failed"], rows)]
    return lines


def _load(detail: Mapping[str, Any]) -> list[str]:
    lines = [f"  {code}: {count:,}" for code, count in detail["errors"].items()]
    if detail["unstarted"]:
        lines.append(
            f"  {detail['unstarted']:,} more were due but never began: each counts as long as it had waited"
        )
    if detail["stopped"]:
        lines.append(
            f"  ended after {detail['elapsed']:.1f} of {detail['planned_seconds']:g} s: {detail['stopped']}"
        )
    if detail.get("steps"):
        lines += table(
            ["level", *_COLUMNS], [[f"{step['level']:g}", *_row(step)] for step in detail["steps"]]
        )
        lines.append(f"  knee: {'none' if detail['knee'] is None else format(detail['knee'], 'g')}")
    elif detail["series"]:
        every = -(-len(detail["series"]) // MAX_SERIES_ROWS)
        rows = [[f"{second['start']:.0f} s", *_row(second)] for second in detail["series"][::every]]
        lines += table(["from", *_COLUMNS], rows)
    return lines


_COLUMNS = ("rate", "p50", "p95", "p99", "errors")


def _row(stretch: Mapping[str, Any]) -> list[str]:
    return [
        f"{stretch['rate']:,.0f}",
        *(milliseconds(stretch[name]) for name in ("p50", "p95", "p99")),
        f"{sum(stretch['errors'].values()):,}",
    ]


def _server(outcome: Outcome) -> list[str]:
    server, lines = outcome.server, []
    if server.version:
        backend = "" if server.backend_pid is None else f", backend {server.backend_pid}"
        lines.append(f"  PostgreSQL {printable(server.version)} at {server.address}{backend}")
    if server.tls_version:
        lines.append(f"  {server.tls_version}, {server.tls_cipher}")
    if server.pooler:
        lines.append(f"  through a pooler: {server.pooler}")
    return lines + _certificate(outcome.detail.get("certificate"))


def _certificate(held: Mapping[str, Any] | None) -> list[str]:
    if held is None:
        return []
    whose = "the pooler's certificate" if held["pooler"] else "certificate"
    if held["not_after"] is None:
        return [f"  {whose}: it cannot be read"]
    signed = "itself" if held["self_signed"] else printable(held["issuer"])
    checked = "verified" if held["verified"] else "not verified"
    lines = [
        f"  {whose}: {printable(held['subject'])}, issued by {signed}, {checked}",
        f"    {_left(held['days_left'])}, from {held['not_before'][:10]} to {held['not_after'][:10]}",
    ]
    if held["names"]:
        more = f" and {held['names_left_out']} more" if held["names_left_out"] else ""
        lines.append(f"    for {', '.join(map(printable, held['names']))}{more}")
    return lines


def _left(days: float) -> str:
    return f"{days:g} days left" if days >= 0 else f"expired {-days:g} days ago"


def _cause(outcome: Outcome) -> list[str]:
    failure, lines = outcome.failure, []
    if failure:
        sqlstate = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
        lines.append(f"  {failure.hint}")
        lines.append(f"  Original message{sqlstate}: {printable(failure.message)}")
    if outcome.strained:
        lines.append("  This machine was too busy to measure well: do not trust the figures.")
    return lines
