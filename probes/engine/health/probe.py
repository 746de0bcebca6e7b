"""Runs the checks on one connection: none of them fails another, and all of them share one deadline."""

from collections.abc import Callable
from dataclasses import replace

from probes.engine.dial import Session
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.health import certificate, pooler, queries
from probes.engine.health.catalogue import CHECKS, HealthCheck
from probes.engine.health.conversation import Conversation
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, Report, unknown
from probes.engine.lag import LagWatch
from probes.engine.outcome import Outcome
from probes.engine.plan import require_number
from probes.engine.pooler import recognise
from probes.engine.resolve import Resolver
from probes.engine.visit import Background, visiting

HEALTH_SECONDS = 30.0
MAX_HEALTH_SECONDS = 3600.0

_DEFAULT_RULES = EgressRules()
_POOLED_CERTIFICATE = "Through a pooler: this is the pooler's certificate."


Progress = Callable[[int, int, str], None]
"""Told how many checks are done, of how many, and the title of the next."""


def _no_progress(done: int, total: int, title: str) -> None:
    pass


async def probe_health(
    endpoint: Endpoint,
    *,
    seconds: float = HEALTH_SECONDS,
    progress: Progress = _no_progress,
    rules: EgressRules = _DEFAULT_RULES,
    resolver: Resolver | None = None,
    lag: LagWatch | None = None,
    background: Background | None = None,
) -> Outcome:
    """Connects, asks each check that fits the server's version, its role and the user's rights, and closes.

    Never raises for what a name server, a network or a database does. Connecting has ``endpoint.connect_timeout``,
    the whole ``seconds``; only the farewell, at most a second, may come after it. ``timings.query`` is the first round
    trip, ``timings.total`` everything. ``detail`` holds ``checks`` and ``figures`` (see `Report`), as far as it came, and
    how many were ``planned``: the probe has failed when it could not connect, or lost the connection before the core
    checks were through. Raises `PlanError` when ``seconds`` is none that a probe may take.
    """
    require_number("seconds", seconds, 0.1, MAX_HEALTH_SECONDS)
    async with visiting(
        "health", endpoint, rules=rules, resolver=resolver, lag=lag, background=background
    ) as visit:
        report = Report()

        async def talk(session: Session) -> None:
            conversation = Conversation(session, deadline=visit.began + seconds, seconds=seconds)
            try:
                await _examine(session, conversation, report, progress)
            finally:
                visit.trace.end()

        error = await visit.meet(talk, visit.began + min(endpoint.connect_timeout, seconds))
        return visit.outcome(
            error, {"checks": report.checks, "figures": report.figures, "planned": len(CHECKS)}
        )


async def _examine(session: Session, conversation: Conversation, report: Report, progress: Progress) -> None:
    """Fills the report. `ProbeError` when nothing can be said, or too little."""
    facts = await _meet(session, conversation)
    _report_connection(session, report)
    lost_at_core: ProbeError | None = None
    for done, check in enumerate(CHECKS):
        progress(done, len(CHECKS), check.title)
        finding = await _find(check, conversation, facts)
        if finding is not None:
            report.add(check.key, check.title, finding, check.pooled if session.trace.server.pooler else "")
        if check.core:
            lost_at_core = conversation.broken
    await conversation.end()
    if lost_at_core is not None:
        raise lost_at_core


async def _meet(session: Session, conversation: Conversation) -> Facts:
    trace = session.trace
    with trace.during("query"):
        await conversation.begin()
    facts = Facts.read(await conversation.ask(queries.facts()))
    trace.server = replace(
        trace.server,
        backend_pid=facts.pid,
        in_recovery=facts.replica,
        pooler=recognise(
            session.connection.get_server_pid(),
            facts.pid,
            facts.application_name,
            keeps_statements=facts.pgbouncer_statements,
        ),
    )
    return facts


def _report_connection(session: Session, report: Report) -> None:
    name = session.trace.server.pooler
    report.add("pooler", "Pooler", pooler.finding(name))
    held = session.trace.certificate()
    if held is not None:
        caveat = _POOLED_CERTIFICATE if name else ""
        report.add("certificate", "TLS certificate", certificate.finding(held), caveat)


async def _find(check: HealthCheck, conversation: Conversation, facts: Facts) -> Finding | None:
    """None when the check has no meaning for a server of this role."""
    if facts.major < queries.OLDEST:
        return unknown(
            f"PostgreSQL {facts.major} is older than this check knows: {queries.OLDEST} and later."
        )
    query = queries.choose(check.key, facts.major, replica=facts.replica, privileged=facts.sees_all)
    if query is None:
        return None
    missing = check.missing(facts)
    if missing is not None:
        return missing
    try:
        rows = await conversation.ask(query.in_schema(facts.statements_schema))
    except ProbeError as error:
        return _not_known(error, facts)
    if check.always_answers and not rows:
        return unknown("The server's answer is empty.")
    return check.judge(rows, facts)


def _not_known(error: ProbeError, facts: Facts) -> Finding:
    told = error.failure
    if told.sqlstate == "42501":
        needs = "The right that the message names." if facts.sees_all else facts.grant
        return unknown(f"This user may not ask: {told.message}.", needs=needs)
    if told.code == "query_timeout" and told.sqlstate == "57014":
        return unknown(
            f"It took longer than {queries.STATEMENT_SECONDS:g} s and was given up: {told.message}."
        )
    if told.sqlstate == "55P03":
        return unknown(f"Something held a lock that it waited for: {told.message}.")
    code = told.sqlstate or told.code
    return unknown(f"It could not be asked: {told.message} ({code}).")
