"""What a run was asked to do, in words."""

from collections.abc import Mapping
from typing import Any

from probes import plans
from probes.engine.latency import LatencyPlan
from probes.engine.load import LoadPlan
from probes.engine.outcome import Kind
from probes.engine.plan import PlanError
from probes.telling.figures import rate, share, span

WORKLOADS = {
    "select1": "SELECT 1",
    "point": "point reads",
    "range": "range reads of 100 rows",
    "mixed": "nine point reads to one range read",
    "sql": "own SQL",
}


def asked(kind: Kind, params: Mapping[str, Any]) -> str:
    """The options of a run as one line; "" for a kind without options and for what no plan understands any more."""
    try:
        plan = plans.plan_of(kind, params)
    except PlanError:
        return ""
    match plan:
        case LatencyPlan():
            return ", ".join(_latency(plan))
        case LoadPlan():
            return ", ".join(_load(plan))
        case _:
            return ""


def _latency(plan: LatencyPlan) -> list[str]:
    pace = f"{plan.interval_ms:g} ms apart" if plan.interval_ms else "one after the other"
    words = [f"{plan.samples:,} round trip{'s' if plan.samples > 1 else ''} {pace}"]
    if plan.warm_up:
        words.append(f"{plan.warm_up} before them to warm up")
    if plan.cold_connects:
        words.append(f"{plan.cold_connects} new connection{'s' if plan.cold_connects > 1 else ''} after them")
    return words


def _load(plan: LoadPlan) -> list[str]:
    many = "s" if plan.most_clients > 1 else ""
    words = [
        WORKLOADS[plan.workload],
        f"{plan.most_clients} client{many} for {span(plan.seconds)}",
        _pace(plan),
    ]
    if plan.max_error_share < 1:
        words.append(f"until more than {share(plan.max_error_share)} fail")
    if plan.all_slots:
        words.append("taking any free slot")
    if plan.processes > 1:
        words.append(f"from {plan.processes} processes")
    return words


def _pace(plan: LoadPlan) -> str:
    if plan.ramp:
        steps = [rate(step) if plan.rate is not None else f"{step:g}" for step in plan.ramp]
        listed = f"{', '.join(steps[:3])} … {steps[-1]}" if len(steps) > 4 else ", ".join(steps)
        return f"rising in {len(steps)} steps: {listed}{'' if plan.rate is not None else ' clients'}"
    if plan.rate is None:
        return "each asking again once answered"
    spaced = " at random moments" if plan.spacing == "random" else ""
    return f"at {rate(plan.rate)}{spaced}"
