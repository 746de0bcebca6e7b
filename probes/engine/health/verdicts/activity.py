"""Who is connected, what goes on too long, and who waits for whom."""

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, Plain, counted, graded, percent, span, unknown, worst

CONNECTIONS_WATCH, CONNECTIONS_ACT = 75.0, 90.0
"""Percent of the limit."""

LONG_WATCH, LONG_ACT = 5 * 60.0, 60 * 60.0
IDLE_WATCH, IDLE_ACT = 60.0, 10 * 60.0
WAIT_WATCH, WAIT_ACT = 1.0, 60.0
"""Seconds."""


def connections(rows: list[Row], facts: Facts) -> Finding:
    used = sum(row.count("sessions") for row in rows)
    first = rows[0]
    limits = {
        "the server": (used, first.count("max_connections") - first.count("reserved")),
        "this database": (_sum(rows, "database_sessions"), first.number("database_limit")),
        "this user": (_sum(rows, "user_sessions"), first.number("user_limit")),
    }
    # A limit of -1 is none.
    shares = {
        whose: percent(count, limit) or 0.0
        for whose, (count, limit) in limits.items()
        if limit is not None and limit > 0
    }
    if not shares:
        return unknown("The server does not tell its limit of connections.")
    whose = max(shares, key=lambda name: shares[name])
    count, limit = limits[whose]
    states = {f"connections_{row.text('state').replace(' ', '_')}": row.count("sessions") for row in rows[:6]}
    return Finding(
        verdict=graded(shares[whose], watch=CONNECTIONS_WATCH, act=CONNECTIONS_ACT),
        value=shares[whose],
        unit="%",
        hint=f"{count} of the {limit:.0f} connections that {whose} allows are in use. "
        + _crowded(shares[whose]),
        needs="" if facts.sees_all else facts.grant,
        rows=[{"state": row.text("state"), "sessions": row.count("sessions")} for row in rows],
        figures={
            **{name: states.get(name, 0) for name in _STATES},
            "connections_used": used,
            "connections_limit": limits["the server"][1],
            "connections_percent": shares.get("the server"),
        },
    )


_STATES = ("connections_active", "connections_idle", "connections_idle_in_transaction")


def long_transactions(rows: list[Row], facts: Facts) -> Finding:
    oldest = rows[0].number("seconds") if rows else 0.0
    verdict = graded(oldest, watch=LONG_WATCH, act=LONG_ACT)
    seen = Finding(
        verdict=verdict,
        value=oldest,
        unit="s",
        hint="No transaction has been open for long."
        if verdict == "good"
        else f"The oldest transaction has been open for {span(oldest)}. While it is, VACUUM cannot remove rows that died "
        "since: end it with pg_terminate_backend(pid), or ROLLBACK PREPARED for a prepared one.",
        rows=[_session(row) for row in rows],
        figures={"longest_transaction_seconds": oldest},
    )
    return _own_only(seen, facts)


def idle_in_transaction(rows: list[Row], facts: Facts) -> Finding:
    longest = rows[0].number("seconds") if rows else 0.0
    count = rows[0].count("sessions") if rows else 0
    seen = Finding(
        verdict=graded(longest, watch=IDLE_WATCH, act=IDLE_ACT),
        value=longest,
        unit="s",
        hint=f"Waiting in an open transaction: {counted(count, 'session', 'sessions')}, one for {span(longest)}. "
        "They keep locks and dead rows: correct the application, and set idle_in_transaction_session_timeout."
        if rows
        else "No session sits idle in a transaction.",
        rows=[_session(row) for row in rows],
        figures={"idle_in_transaction": count, "idle_in_transaction_seconds": longest},
    )
    return _own_only(seen, facts)


def blocked(rows: list[Row], facts: Facts) -> Finding:
    waiting = rows[0].count("sessions") if rows else 0
    longest = max((row.number("seconds") or 0.0 for row in rows), default=0.0)
    unmeasured = any(row.number("seconds") is None for row in rows)
    return Finding(
        verdict=worst([graded(longest, watch=WAIT_WATCH, act=WAIT_ACT), "watch" if unmeasured else "good"]),
        value=waiting,
        unit="sessions",
        hint=f"Waiting for a lock: {counted(waiting, 'session', 'sessions')}, the first for {span(longest)}. Look at "
        "what blocks: pg_cancel_backend(pid) ends its statement, pg_terminate_backend(pid) its session."
        if rows
        else "No session waits for a lock.",
        needs=facts.grant if rows and not facts.sees_all else "",
        rows=[_wait(row) for row in rows],
        figures={"blocked_sessions": waiting},
    )


def _wait(row: Row) -> dict[str, Plain]:
    return {
        "pid": row.number("pid"),
        "seconds": row.number("seconds"),
        "user": row.text("user_name"),
        "query": row.statement("query"),
        "blocking_pid": row.number("blocking_pid"),
        "blocking_user": row.text("blocking_user"),
        "blocking_state": row.text("blocking_state"),
        "blocking_query": row.statement("blocking_query"),
    }


def _sum(rows: list[Row], name: str) -> int:
    return sum(row.count(name) for row in rows)


def _crowded(share: float) -> str:
    if share >= CONNECTIONS_WATCH:
        return "Close idle ones, use a pooler, or raise max_connections before clients are turned away."
    return "There is room."


def _session(row: Row) -> dict[str, Plain]:
    return {
        "pid": row.number("pid"),
        "user": row.text("user_name"),
        "database": row.text("database"),
        "application": row.text("application_name"),
        "state": row.text("state"),
        "seconds": row.number("seconds"),
        "query": row.statement("query"),
    }


def _own_only(seen: Finding, facts: Facts) -> Finding:
    """That nothing bad is seen says little when little can be seen."""
    if facts.sees_all:
        return seen
    if seen.verdict == "good":
        return Finding(
            verdict="unknown",
            hint="Only the sessions of this connection's own user can be seen, and among them there is none to "
            "worry about.",
            needs=facts.grant,
            rows=seen.rows,
            figures=dict.fromkeys(seen.figures),
        )
    return Finding(
        verdict=seen.verdict,
        value=seen.value,
        unit=seen.unit,
        hint=f"{seen.hint} Only this user's own sessions can be seen.",
        needs=facts.grant,
        rows=seen.rows,
        figures=seen.figures,
    )
