"""The load probe: how much does the server take, and how slow does it get?"""

import asyncio
import contextlib
import functools
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from probes.engine.dial import Session
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError, timed_out
from probes.engine.load.crew import Crew
from probes.engine.load.plan import LoadPlan
from probes.engine.load.report import LoadProgress, Report
from probes.engine.load.scratch import scratch_rows
from probes.engine.load.signs import SignsOfLife
from probes.engine.load.slots import check_slots
from probes.engine.load.split import Processes, needed
from probes.engine.load.workload import Ground, can_watch
from probes.engine.outcome import Outcome
from probes.engine.pooler import note_pooler
from probes.engine.resolve import Resolver
from probes.engine.visit import Visit, visiting

SLICE_SECONDS = 0.25

LOOKS = 2
"""How often an answer is timed beforehand: the first one may have waited for us."""

_DEFAULT_RULES = EgressRules()


@dataclass
class _Course:
    """What is known of a test while it runs."""

    report: Report
    signs: SignsOfLife
    free_slots: int | None = None
    answer_seconds: float = math.inf
    ground: Ground = field(default_factory=Ground)
    stopped: str = ""


async def run_load(
    endpoint: Endpoint,
    plan: LoadPlan,
    *,
    rules: EgressRules = _DEFAULT_RULES,
    resolver: Resolver | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[LoadProgress | Outcome]:
    """Runs the test; yields `LoadProgress` four times a second and at last one `Outcome`.

    Never raises for what a network or a database does. Set ``stop`` to end it within a second with what was
    measured so far (``detail["stopped"]`` is ``cancelled``); cancel the task or close the iterator to end it
    without. A test that cannot open all its connections does not begin. It ends early, as a failure, when too
    many statements fail (``errors``) or the server shows no more signs of life (``lost``, see `SignsOfLife`). After its
    time it begins nothing more, but awaits what is under way (`LoadPlan.patience`). ``detail`` is that of
    `Report.detail` with ``stopped``, ``free_slots`` and the plan's own figures.
    """
    async with visiting("load", endpoint, rules=rules, resolver=resolver) as visit:
        course = _Course(Report(plan), SignsOfLife(endpoint, plan))
        deadline = visit.began + endpoint.connect_timeout
        look = functools.partial(_look, plan=plan, course=course, deadline=deadline)
        error = await visit.meet(look, deadline)
        if error is None:
            try:
                plan = replace(plan, processes=needed(plan, course.answer_seconds))
                async with _crew(visit, plan, course) as crew:
                    await crew.open()
                    course.signs.watch()
                    async for progress in _drive(crew, plan, course, stop or asyncio.Event()):
                        yield progress
            except ProbeError as broken:
                error = broken
        yield _outcome(visit, plan, course, error or _verdict(course))


def _crew(visit: Visit, plan: LoadPlan, course: _Course) -> Crew | Processes:
    endpoint = replace(visit.endpoint, pooled=visit.endpoint.pooled or bool(visit.trace.server.pooler))
    rules, resolver = visit.shared["rules"], visit.shared["resolver"]
    if plan.processes == 1:
        return Crew(endpoint, plan, rules, resolver, course.ground)
    return Processes(endpoint, plan, rules, course.ground)


async def _look(session: Session, *, plan: LoadPlan, course: _Course, deadline: float) -> None:
    """One connection beforehand: does it work, how many slots are free, how large is the scratch table?"""
    trace = session.trace
    trace.end()
    trace.phase = "query"
    try:
        async with asyncio.timeout_at(deadline):
            pooler = await note_pooler(session, trace)
            async with session.connection.transaction(readonly=True):
                # What a pooler's server has free says nothing about the pooler, which has a limit of its own.
                # That somebody calls a connection pooled lifts no limit.
                if not pooler and not plan.all_slots:
                    course.free_slots = await check_slots(session.connection, plan.most_clients)
                if plan.rate is None and not plan.processes:
                    course.answer_seconds = await _answer_seconds(session.connection)
                if plan.workload in ("point", "range", "mixed"):
                    course.ground = Ground(rows=await scratch_rows(session.connection))
                if plan.workload == "sql" and not (pooler or session.endpoint.pooled):
                    course.ground = Ground(watchful=await can_watch(session.connection))
    except TimeoutError as exc:
        raise timed_out("query", session.endpoint.connect_timeout) from exc


async def _answer_seconds(connection: Any) -> float:
    """How long one client waits for the least that can be asked: what bounds the rate of a closed loop."""
    taken = []
    for _ in range(LOOKS):
        asked = time.perf_counter()
        await connection.execute("SELECT 1")
        taken.append(time.perf_counter() - asked)
    return min(taken)


async def _drive(
    crew: Crew | Processes, plan: LoadPlan, course: _Course, stop: asyncio.Event
) -> AsyncIterator[LoadProgress]:
    report, step_seconds = course.report, plan.seconds / len(plan.levels)
    began = time.monotonic()
    for number, level in enumerate(plan.levels):
        before = await crew.level(level)
        if number:
            # What the level before left undone belongs to it.
            report.add(before)
        report.step(level)
        until = began + (number + 1) * step_seconds
        while not course.stopped and (left := until - time.monotonic()) > SLICE_SECONDS / 10:
            # In even parts: a last one of a moment would have any rate.
            await _pause(stop, left / max(round(left / SLICE_SECONDS), 1))
            part = await crew.take()
            report.add(part)
            course.signs.take(part)
            course.stopped = _why_stop(course, stop)
            yield report.progress()
        if course.stopped:
            break
    # Of a server that is lost nothing has come for so long already.
    rest = await crew.finish(0.0 if course.stopped == "lost" else course.signs.patience, stop)
    report.end(rest)
    if rest.waiting and stop.is_set():
        course.stopped = course.stopped or "cancelled"
    yield report.progress()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def _why_stop(course: _Course, stop: asyncio.Event) -> str:
    if stop.is_set():
        return "cancelled"
    if course.report.too_many_errors():
        return "errors"
    return "lost" if course.signs.lost else ""


def _outcome(visit: Visit, plan: LoadPlan, course: _Course, error: ProbeError | None) -> Outcome:
    report = course.report
    detail = {
        **report.detail(),
        **_asked(plan),
        "stopped": course.stopped,
        "free_slots": course.free_slots,
    }
    return visit.outcome(error, detail, summary=report.summary(), strained=report.strained)


def _verdict(course: _Course) -> ProbeError | None:
    report = course.report
    if not report.failed:
        return None
    code, message = report.worst_error()
    if course.stopped in ("errors", "lost") or not report.done:
        told = f"{report.failed:,} of {report.failed + report.done:,} failed; {message}"
        return ProbeError(code, "query", told)
    return None


def _asked(plan: LoadPlan) -> dict[str, Any]:
    return {
        "clients": plan.most_clients,
        "planned_seconds": plan.seconds,
        "target_rate": plan.rate,
        "workload": plan.workload,
        "processes": plan.processes or None,
    }
