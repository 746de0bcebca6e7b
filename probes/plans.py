"""What a run is asked to do: its parameters made into the engine's plan, the rights they need, and the time they take."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from probes.engine.batch import AT_ONCE, SPACING_SECONDS, BatchPlan, ConnectionPlan, HealthPlan, kind_of
from probes.engine.health import HEALTH_SECONDS
from probes.engine.latency import LatencyPlan
from probes.engine.load import LoadPlan
from probes.engine.outcome import Kind
from probes.engine.plan import PlanError

Plan = BatchPlan | LoadPlan

RUN_OWN_SQL = "probes.run_own_sql"
TAKE_ALL_SLOTS = "probes.take_all_slots"

LARGEST_BATCH = 100
LONGEST_CONNECT = 60.0
"""What a connection may name as its connect timeout, in seconds."""
LONGEST_PACED = 3600.0
"""Seconds that the intervals between round trips may add up to, as a load test may last."""
LONGEST_JOB = 10_600.0
"""Seconds. Celery's own limit is above it; a batch is made so small that it stays below."""
FAREWELL_SECONDS = 5.0
"""For goodbyes, and for a machine that is busy."""

_SHOWN = 60
"""Characters shown of a name that nobody knows."""


def plan_of(kind: Kind, params: Mapping[str, Any]) -> Plan:
    """The plan. Raises `PlanError`, which names the field, for unknown names, wrong types and wrong values."""
    makers: dict[Kind, Callable[[Mapping[str, Any]], Plan]] = {
        "connection": _connection,
        "latency": _latency,
        "load": _load,
        "health": _health,
    }
    if kind not in makers:
        raise PlanError("kind", f"must be one of {', '.join(makers)}")
    return makers[kind](params)


def needs(kind: Kind, params: Mapping[str, Any]) -> set[str]:
    """The permissions that somebody must have to ask for this. Raises `PlanError`."""
    plan = plan_of(kind, params)
    if not isinstance(plan, LoadPlan):
        return set()
    wanted = {RUN_OWN_SQL: plan.workload == "sql", TAKE_ALL_SLOTS: plan.all_slots}
    return {codename for codename, needed in wanted.items() if needed}


def shown(params: Mapping[str, Any], user: User | AnonymousUser) -> dict[str, Any]:
    """The parameters as somebody may see them: a statement of one's own is for those who may run one."""
    may = user.has_perm(RUN_OWN_SQL)
    return {name: value for name, value in params.items() if may or name != "sql"}


def seconds(plan: Plan, connect_timeout: float) -> float:
    """The longest that one probe of this plan may take."""
    match plan:
        case ConnectionPlan():
            taken = connect_timeout
        case HealthPlan():
            taken = HEALTH_SECONDS
        case LatencyPlan():
            taken = plan.seconds(connect_timeout) + plan.cold_connects * connect_timeout
        case LoadPlan():
            # One look beforehand, then the clients, which are let in some at a time, by processes that have to start;
            # and at last the answers to what is under way.
            taken = connect_timeout * (2 + plan.most_clients / 80) + 10 + plan.seconds
            taken += plan.patience(connect_timeout)
    return taken + FAREWELL_SECONDS


def job_seconds(plan: Plan, connect_timeouts: Iterable[float]) -> float:
    """The longest that a job may take: one probe for each connect timeout, as many at once as the kind allows."""
    each = [seconds(plan, one) for one in connect_timeouts]
    if isinstance(plan, LoadPlan):
        return sum(each)
    rounds = math.ceil(len(each) / AT_ONCE[kind_of(plan)])
    return rounds * max(each, default=0.0) + len(each) * SPACING_SECONDS


def most_in_a_job(plan: Plan) -> int:
    """How many connections may share a job. A load test has a job, and a server's slots, for itself."""
    if isinstance(plan, LoadPlan):
        return 1
    rounds = max(int(LONGEST_JOB // seconds(plan, LONGEST_CONNECT)), 1)
    return min(rounds * AT_ONCE[kind_of(plan)], LARGEST_BATCH)


def _connection(params: Mapping[str, Any]) -> ConnectionPlan:
    _know(params, ConnectionPlan, "connection")
    return ConnectionPlan()


def _health(params: Mapping[str, Any]) -> HealthPlan:
    _know(params, HealthPlan, "health")
    return HealthPlan()


def _latency(params: Mapping[str, Any]) -> LatencyPlan:
    _know(params, LatencyPlan, "latency")
    plan = LatencyPlan(**params)
    if (plan.samples + plan.warm_up) * plan.interval_ms > LONGEST_PACED * 1000:
        raise PlanError("interval_ms", "must be shorter, or the samples fewer: all of it may take an hour")
    return plan


def _load(params: Mapping[str, Any]) -> LoadPlan:
    _know(params, LoadPlan, "load")
    # JSON knows lists only; the plan checks all numbers, but takes the types of the other fields on trust.
    ramp = params.get("ramp", ())
    if not isinstance(ramp, list | tuple):
        raise PlanError("ramp", "must be a list of steps")
    if not isinstance(params.get("all_slots", False), bool):
        raise PlanError("all_slots", "must be true or false")
    if not isinstance(params.get("sql", ""), str):
        raise PlanError("sql", "must be text")
    return LoadPlan(**{**params, "ramp": tuple(ramp)})


def _know(params: Mapping[str, Any], made: type[Plan], kind: Kind) -> None:
    known = {field.name for field in fields(made)}
    for name in params:
        if name not in known:
            raise PlanError(str(name)[:_SHOWN], f"is not a setting of a {kind} test")
