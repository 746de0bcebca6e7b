"""What a result means, in sentences: honest about strain, about what broke off, and about what was not reached."""

from collections.abc import Mapping
from typing import Any

from probes.models import Kind, Measured
from probes.telling.figures import fine, rate, share, span
from probes.telling.words import HELD_SHARE, client_was_limit, held, verdicts


def conclusion(result: Measured) -> str:
    """One to four sentences; "" when the cause of a failure, shown beside it, is all that there is to say."""
    match result.kind:
        case Kind.LATENCY:
            found = _latency(result)
        case Kind.LOAD:
            found = _load(result)
        case Kind.HEALTH:
            found = _health(result)
        case _:
            found = []
    return " ".join(found)


def _latency(result: Measured) -> list[str]:
    detail = result.detail
    if not result.samples:
        return []
    said = [
        f"Half of {result.samples:,} round trips took at most {fine(result.p50_ms)}, "
        f"99 of 100 at most {fine(result.p99_ms)}."
    ]
    server = detail.get("server_ms")
    if server is not None and result.p50_ms:
        network = max(result.p50_ms - server, 0.0)
        said.append(f"Of a typical one {fine(network)} is the network and {fine(server)} the server.")
    if result.failures:
        said.append(f"{result.failures:,} failed: {_codes(detail.get('failures', {}))}.")
    tried, planned = len(detail.get("samples", ())), detail.get("planned", 0)
    if tried < planned:
        said.append(f"It ended after {tried:,} of {planned:,}.")
    elif detail.get("reconnects"):
        said.append("The connection was lost once and opened again.")
    if result.strained:
        said.append("Our own machine was busy meanwhile, so the server may be faster than this.")
    return said


def _load(result: Measured) -> list[str]:
    if not result.samples:
        return []
    said = [_how_it_ended(result), *_how_much(result), _errors(result), _whose_limit(result)]
    return [sentence for sentence in said if sentence]


def _how_it_ended(result: Measured) -> str:
    detail = result.detail
    after = f"after {span(detail.get('elapsed'))} of {span(detail.get('planned_seconds'))}"
    match detail.get("stopped"):
        case "cancelled":
            return f"Stopped by hand {after}."
        case "errors":
            return f"Stopped {after}, because too many statements failed."
        case "lost":
            return f"Ended {after}, because the server gave no more sign of life."
        case "unattended":
            return f"Ended {after}, because it had lost the broker, so that nobody could have stopped it."
        case "switched_off":
            return f"Stopped {after}, because a flag switched load tests off."
        case _:
            return ""


def _how_much(result: Measured) -> list[str]:
    detail = result.detail
    if steps := [step for step in detail.get("steps", ()) if step["seconds"]]:
        levels = _open_steps(detail, steps) if detail.get("target_rate") else _closed_steps(detail, steps)
        return [*levels, _where_p99_left(detail, steps)]
    taking = (
        f"Half of the statements took at most {fine(result.p50_ms)}, 99 of 100 at most {fine(result.p99_ms)}."
    )
    target = detail.get("target_rate")
    if not target:
        clients = detail.get("clients", 0)
        return [f"{clients} client{'s' if clients != 1 else ''} reached {rate(result.rate)}.", taking]
    if held(result):
        return [f"Held {rate(target)}.", taking]
    due = detail.get("unstarted", 0)
    late = f"; {due:,} more were due and never began" if due else ""
    counted = "Each of these counts with the time that it had waited." if due else ""
    return [f"Did not hold {rate(target)}: it reached {rate(result.rate)}{late}.", counted, taking]


def _open_steps(detail: Mapping[str, Any], steps: list[dict[str, Any]]) -> list[str]:
    knee, last = detail.get("knee"), steps[-1]["level"]
    if knee is None:
        return [f"Not even {rate(steps[0]['level'])} was held: it reached {rate(steps[0]['rate'])}."]
    if knee >= last:
        return [f"Held every step up to {rate(last)}."]
    missed = next(
        (one for one in steps if one["level"] > knee and one["rate"] < HELD_SHARE * one["level"]), steps[-1]
    )
    return [f"Held {rate(knee)}; asked for {rate(missed['level'])} it reached {rate(missed['rate'])}."]


def _closed_steps(detail: Mapping[str, Any], steps: list[dict[str, Any]]) -> list[str]:
    knee = detail.get("knee")
    best = max(step["rate"] for step in steps)
    if knee is None or not best:
        return ["No step got anything done."]
    if knee >= steps[-1]["level"]:
        return [f"It still grew with {knee:g} clients, to {rate(best)}: the limit is further up."]
    return [f"The knee is at {knee:g} clients: {rate(best)}, and more clients only wait longer."]


def _where_p99_left(detail: Mapping[str, Any], steps: list[dict[str, Any]]) -> str:
    """At which level the slow end began to suffer: at more than about twice what it was at first."""
    measured = [step for step in steps if step["p99"] is not None]
    if len(measured) < 2:
        return ""
    bound = _round_up(2 * measured[0]["p99"])
    left = next((step for step in measured if step["p99"] > bound), None)
    if left is None:
        return f"p99 stayed within {fine(max(step['p99'] for step in measured))}."
    level = rate(left["level"]) if detail.get("target_rate") else f"{left['level']:g} clients"
    return f"p99 left {_plain(bound)} at {level}."


def _errors(result: Measured) -> str:
    if not result.failures:
        return ""
    part = share(result.failures / (result.failures + (result.samples or 0)))
    return f"{result.failures:,} statements failed ({part}): {_codes(result.detail.get('errors', {}))}."


def _whose_limit(result: Measured) -> str:
    if not result.strained:
        return "The client was not the limit."
    if client_was_limit(result):
        busy = share(min(result.detail["cpu_share"], 1))
        return f"The limit was our own client, which was busy for {busy} of the time: the server may do more."
    return "Our own machine was too busy with other things to measure well: the server may do more."


def _health(result: Measured) -> list[str]:
    found = verdicts(result)
    if not found:
        return []
    kinds = (("act", "to act on"), ("watch", "to watch"), ("unknown", "not known"), ("good", "good"))
    parts = [f"{found[verdict]} {words}" for verdict, words in kinds if found[verdict]]
    said = [f"{', '.join(parts)}."]
    if result.strained:
        said.append("Our own machine was busy meanwhile; times are not the server's.")
    return said


def _codes(errors: Mapping[str, int]) -> str:
    most = sorted(errors, key=lambda code: -errors[code])
    listed = ", ".join(f"{code} {errors[code]:,}" for code in most[:3])
    return f"{listed} and others" if len(most) > 3 else listed


def _round_up(milliseconds: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 … tenths of a millisecond and upwards."""
    scale = 0.1
    while True:
        for step in (1, 2, 5):
            if step * scale >= milliseconds:
                return step * scale
        scale *= 10


def _plain(milliseconds: float) -> str:
    return f"{milliseconds:g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:g} s"
