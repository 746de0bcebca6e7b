"""The kinds of probe on the command line: their options, and how each is run."""

import asyncio
import contextlib
import signal
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import redis

from probes.engine.connection import probe_connection
from probes.engine.egress import EgressRules
from probes.engine.health import probe_health
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.load import LoadPlan, run_load
from probes.engine.load.plan import SPACINGS, WORKLOADS
from probes.engine.outcome import Outcome
from probes.jobs import Target
from probes.management.terminal.bar import Bar
from probes.management.terminal.text import milliseconds
from probes.models import uuid7
from probes.work.holding import holding, not_begun

STOP_SECONDS = 2.0
"""A load test that measures ends within a second of being told to."""

LOAD_HELP = (
    "Puts the server under load. It does not begin while another load test of the same database is under way, whoever "
    "asked for that; where this machine reaches no Redis (REDIS_URL), nobody looks."
)

Plan = TypeVar("Plan", LatencyPlan, LoadPlan)
Run = Callable[[Target, Mapping[str, Any], EgressRules, Bar], Awaitable[Outcome]]


@dataclass(frozen=True)
class ProbeKind:
    """``run`` may raise `PlanError` for options that a plan refuses."""

    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Run


def _no_arguments(parser: ArgumentParser) -> None:
    pass


def _latency_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--samples", type=int, default=100, help="round trips, 1 to 1000 (100)")
    parser.add_argument("--interval-ms", type=float, default=0.0, help="time between them (0)")
    parser.add_argument(
        "--warm-up", type=int, default=5, help="round trips before them that do not count (5)"
    )
    parser.add_argument("--cold-connects", type=int, default=0, help="new connections to time after them (0)")


def _load_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=10, help="connections, 1 to 500 (10)")
    parser.add_argument("--seconds", type=float, default=10.0, help="duration (10)")
    parser.add_argument("--rate", type=float, help="open loop: statements a second")
    parser.add_argument(
        "--spacing", choices=SPACINGS, default="even", help="of an open loop's statements (even)"
    )
    parser.add_argument(
        "--ramp", type=_steps, default=(), help="steps like 1,5,10: of clients, or of the rate with --rate"
    )
    parser.add_argument("--workload", choices=WORKLOADS, default="select1", help="what is asked (select1)")
    parser.add_argument("--sql", default="", help="the one query for --workload sql; it runs read-only")
    parser.add_argument("--statement-seconds", type=float, default=5.0, help="its timeout (5)")
    parser.add_argument(
        "--max-error-share", type=float, default=0.1, help="stop when more than this share fails (0.1)"
    )
    parser.add_argument(
        "--processes", type=int, default=0, help="that share the clients; 0: as many as it takes (0)"
    )
    parser.add_argument(
        "--all-slots", action="store_true", help="take more than half of the server's free connections"
    )


def _steps(text: str) -> tuple[float, ...]:
    try:
        return tuple(int(step) if step.strip().isdecimal() else float(step) for step in text.split(","))
    except ValueError as error:
        raise ArgumentTypeError("must be numbers with commas between them") from error


def _plan(kind: type[Plan], options: Mapping[str, Any]) -> Plan:
    return kind(**{field.name: options[field.name] for field in fields(kind)})


async def _connection(target: Target, options: Mapping[str, Any], rules: EgressRules, bar: Bar) -> Outcome:
    return await probe_connection(target.endpoint, rules=rules)


async def _latency(target: Target, options: Mapping[str, Any], rules: EgressRules, bar: Bar) -> Outcome:
    def show(done: int, total: int, took: float | None) -> None:
        bar.show(done / total, f"{done}/{total}  {milliseconds(took)} ms")

    plan = _plan(LatencyPlan, options)
    return await probe_latency(target.endpoint, plan, rules=rules, progress=show)


async def _load(target: Target, options: Mapping[str, Any], rules: EgressRules, bar: Bar) -> Outcome:
    plan, stop = _plan(LoadPlan, options), _stop_on_interrupt()
    async with contextlib.AsyncExitStack() as until_the_end:
        try:
            alone = await until_the_end.enter_async_context(holding(target.database, uuid7(), lost=stop.set))
        except redis.RedisError:
            # Whoever has only a DSN may have no broker, nor anybody to be in the way of.
            alone = True
        if not alone:
            return not_begun()
        return await _loaded(target, plan, rules, bar, stop)


async def _loaded(
    target: Target, plan: LoadPlan, rules: EgressRules, bar: Bar, stop: asyncio.Event
) -> Outcome:
    async for event in run_load(target.endpoint, plan, rules=rules, stop=stop):
        if isinstance(event, Outcome):
            return event
        text = f"{event.rate:,.0f}/s  p50 {milliseconds(event.p50)}  p99 {milliseconds(event.p99)} ms"
        bar.show(event.elapsed / event.seconds, f"{text}  {event.failed:,} failed")
    raise AssertionError("unreachable: a load test ends with its outcome")


def _stop_on_interrupt() -> asyncio.Event:
    """Set by Ctrl-C. What has not ended soon after is cut off: it has measured nothing yet."""
    stop, loop, task = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        stop.set()
        loop.call_later(STOP_SECONDS, task.cancel)

    loop.add_signal_handler(signal.SIGINT, interrupt)
    return stop


async def _health(target: Target, options: Mapping[str, Any], rules: EgressRules, bar: Bar) -> Outcome:
    def show(done: int, total: int, title: str) -> None:
        bar.show(done / total, title)

    return await probe_health(target.endpoint, rules=rules, progress=show)


KINDS = {
    "connection": ProbeKind("Opens one connection and times each phase.", _no_arguments, _connection),
    "latency": ProbeKind("Times round trips on one open connection.", _latency_arguments, _latency),
    "load": ProbeKind(LOAD_HELP, _load_arguments, _load),
    "health": ProbeKind("Examines the database and says what to do.", _no_arguments, _health),
}
