"""The fixed tools that a model may call. They read the history, in a transaction that cannot write, and nothing else."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from assistant import arguments
from assistant.arguments import CONNECTION, Wrong, choice, number, text, window
from assistant.evidence import changes, comparing, failures, health, one, standing
from assistant.evidence.fleet import Fleet
from assistant.evidence.listing import connections_by
from assistant.evidence.reading import read_only
from assistant.facts import Fact, Reference, References
from assistant.privacy import Reader
from probes import history
from probes.history import Window
from probes.models import Kind

MOST_FACTS = 40
"""In one answer, whatever was asked for."""
MOST_LETTERS = 30_000
NOTE_LETTERS = 150
"""Taken by the note that something was left out, and by what stands around the facts."""

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """``text`` is JSON for the model; when the call was wrong it says what was wrong."""

    text: str
    references: Mapping[str, Reference] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """``parameters`` are the JSON schemas of its arguments by name; nothing beyond them is taken. ``nothing`` is what
    its absence of facts means."""

    name: str
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    read: Callable[[Fleet, Given], Iterable[Fact]]
    required: Sequence[str] = ()
    nothing: str = "There is nothing of this kind."

    def schema(self) -> dict[str, Any]:
        """As Ollama and others take a function."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": {
                    "type": "object",
                    "properties": {name: dict(one) for name, one in self.parameters.items()},
                    "required": list(self.required),
                    "additionalProperties": False,
                },
            },
        }


def call(
    name: str,
    arguments_given: Given,
    *,
    reader: Reader,
    references: References | None = None,
    room: int = MOST_LETTERS,
) -> Answer:
    """What a tool reads. Never raises for a model's mistake: the answer then says what was wrong.

    ``references`` are those of the conversation; new ones are added to it. Of more facts than fit into ``room`` letters
    the first are told, and how many there are.
    """
    known = References() if references is None else references
    tool = _BY_NAME.get(name) if isinstance(name, str) else None
    if tool is None:
        return _wrong(f"There is no such tool. There are {', '.join(_BY_NAME)}.")
    try:
        given = arguments.checked(arguments_given, tool.parameters, tool.required)
        with read_only():
            facts = list(islice(tool.read(Fleet.seen(reader), given), MOST_FACTS + 1))
    except (Wrong, history.Refused) as refusal:
        return _wrong(str(refusal))
    lines: list[str] = []
    labels: set[str] = set()
    left = room - NOTE_LETTERS
    for fact in facts[:MOST_FACTS]:
        line = fact.text(known)
        left -= len(_json(line)) + len(", ")
        if left < 0:
            break
        lines.append(line)
        labels.add(known.label(fact.reference))
    told: dict[str, Any] = {"facts": lines}
    if len(lines) < len(facts):
        there_are = f"more than {MOST_FACTS}" if len(facts) > MOST_FACTS else len(facts)
        told["note"] = f"These are the first {len(lines)} of {there_are}. Ask for less at once."
    elif not facts:
        told["note"] = tool.nothing
    return Answer(_json(told), {label: known[label] for label in labels})


def _wrong(problem: str) -> Answer:
    return Answer(_json({"error": problem}))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list_connections(fleet: Fleet, given: Given) -> Iterable[Fact]:
    return islice(connections_by(fleet, given), given["limit"])


def _latest_results(fleet: Fleet, given: Given) -> Iterable[Fact]:
    pk = arguments.connection(fleet, given["connection"])
    return one.newest(fleet, pk, Window.named("7d", fleet.now), given.get("kind", ""), given["limit"])


def _series_summary(fleet: Fleet, given: Given) -> Iterable[Fact]:
    pk = arguments.connection(fleet, given["connection"])
    over = Window.named(given["window"], fleet.now)
    yield from one.course(fleet, pk, given["measure"], over, arguments.vantage(given.get("vantage")))
    if given["measure"] == "connect_time":
        yield from changes.phases(fleet, pk)


def _compare(fleet: Fleet, given: Given) -> Iterable[Fact]:
    chosen = arguments.narrowed(fleet, given.get("connection"))
    return comparing.BY[given["by"]](chosen, Window.named(given["window"], fleet.now))


def _what_changed(fleet: Fleet, given: Given) -> Iterable[Fact]:
    chosen = arguments.narrowed(fleet, given.get("connection"))
    yield from changes.drift(chosen)
    yield from changes.reliability(chosen)
    if given.get("connection"):
        for pk in chosen.connections:
            yield from changes.phases(chosen, pk)
            yield from one.servers(chosen, pk)


def _slowest(fleet: Fleet, given: Given) -> Iterable[Fact]:
    return islice(standing.slowest(fleet), given["limit"])


def _failing(fleet: Fleet, given: Given) -> Iterable[Fact]:
    yield from islice(standing.failing(fleet), given["limit"])
    yield from islice(standing.unreliable(fleet), given["limit"])


def _errors_by_cause(fleet: Fleet, given: Given) -> Iterable[Fact]:
    chosen = arguments.narrowed(fleet, given.get("connection"))
    return failures.causes(chosen, Window.named(given["window"], fleet.now))


def _outages(fleet: Fleet, given: Given) -> Iterable[Fact]:
    return failures.outages(fleet, arguments.connection(fleet, given["connection"]))


def _health(fleet: Fleet, given: Given) -> Iterable[Fact]:
    if given.get("connection"):
        return health.report(fleet, arguments.connection(fleet, given["connection"]))
    return health.concerns(fleet)


def _top_statements(fleet: Fleet, given: Given) -> Iterable[Fact]:
    return health.statements(fleet, arguments.connection(fleet, given["connection"]), given["by"])


def _explain_error(fleet: Fleet, given: Given) -> Iterable[Fact]:
    return [failures.explanation(given["code"])]


TOOLS: Sequence[Tool] = (
    Tool(
        "list_connections",
        "The connections with their state, place, latency and last test. Filter by state, region, city, provider or name.",
        {
            "state": choice("healthy", "slow", "down", "unknown"),
            "search": text("A word of the name, region, city or provider."),
            "limit": number(20),
        },
        _list_connections,
        nothing="No active connection fits this.",
    ),
    Tool(
        "latest_results",
        "The newest tests of one connection: outcome, timings by phase, percentiles, error.",
        {"connection": CONNECTION, "kind": choice(*Kind.values), "limit": number(10)},
        _latest_results,
        ["connection"],
        nothing="It was not tested like this in the last 7 d; older results are not read here.",
    ),
    Tool(
        "series_summary",
        "How one measure of a connection went over time: first, last, mean, least, most, and when it changed.",
        {
            "connection": CONNECTION,
            "measure": choice(*one.MEASURES),
            "window": window("7d"),
            "vantage": text("The place it was measured from; home when left out."),
        },
        _series_summary,
        ["connection", "measure"],
    ),
    Tool(
        "compare",
        "Regions, providers or vantages side by side: checks, success and median latency.",
        {"by": choice(*comparing.BY), "window": window("24h"), "connection": CONNECTION},
        _compare,
        ["by"],
        nothing="Nothing was measured in this time.",
    ),
    Tool(
        "what_changed",
        "What became slower, faster or less reliable within the last week, and since when. "
        "For one connection also its phases and its server's version and role.",
        {"connection": CONNECTION},
        _what_changed,
        nothing="Nothing much changed within a week, as far as there is enough to compare.",
    ),
    Tool(
        "slowest",
        "The connections with the highest median latency of the last 24 hours.",
        {"limit": number(10)},
        _slowest,
        nothing="Nothing was timed in the last 24 h.",
    ),
    Tool(
        "failing",
        "What is down and why and since when, then what failed now and then in the last 24 hours; "
        "so many of each.",
        {"limit": number(10)},
        _failing,
        nothing="Nothing is down, and no check of the last 24 h failed.",
    ),
    Tool(
        "errors_by_cause",
        "Failures counted by error code, of one connection or all.",
        {"connection": CONNECTION, "window": window("24h")},
        _errors_by_cause,
    ),
    Tool(
        "outages",
        "When one connection was down within the last 30 days: from, to, for how long, how many tests failed, the cause.",
        {"connection": CONNECTION},
        _outages,
        ["connection"],
        nothing="No connection test from home found it down in the last 30 d.",
    ),
    Tool(
        "health",
        "Verdicts of the newest health check: of one connection in full, of all only what needs attention.",
        {"connection": CONNECTION},
        _health,
        nothing="No newest health check found anything to act on or to watch.",
    ),
    Tool(
        "top_statements",
        "The statements that take the most time in total, the most each, or run most often.",
        {"connection": CONNECTION, "by": choice("total", "mean", "calls", default="total")},
        _top_statements,
        ["connection"],
        nothing="No newest health check of it read statements.",
    ),
    Tool(
        "explain_error",
        "What an error code means and what to do.",
        {"code": text("An error code, such as tcp_refused.")},
        _explain_error,
        ["code"],
    ),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}
