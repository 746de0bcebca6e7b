"""Twenty questions over a history whose answers are known: the tools return the facts that answer them."""

import json
from typing import Any

import pytest

from assistant import tools
from assistant.briefing import brief
from assistant.facts import References
from assistant.privacy import PERSON, Reader
from tests.rigs.known_history import Known

QUESTIONS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "Why is Tokyo slow since Tuesday?": (
        "what_changed",
        {"connection": "tokyo-1"},
        [
            "35.2 % slower since about 2026-03-10 13:00 UTC (Tuesday)",
            "mean latency before 171.2 ms, then 231.4 ms",
            "TCP took 230.0 ms on average since about 2026-03-10 13:00 UTC (Tuesday), before that 170.0 ms",
        ],
    ),
    "What is down?": (
        "failing",
        {},
        [
            "«dublin-1» («Dublin», «test-dublin») is down: tcp_refused in the phase tcp",
            "It has been so since 2026-03-14 09:10 UTC (Saturday).",
        ],
    ),
    "When was dublin-1 down?": (
        "outages",
        {"connection": "dublin-1"},
        [
            "«dublin-1» has been down since 2026-03-14 09:10 UTC (Saturday): "
            "2 connection tests from home failed, the first with tcp_refused in the phase tcp.",
        ],
    ),
    "What does tcp_refused mean?": (
        "explain_error",
        {"code": "tcp_refused"},
        ["nothing listens on this port"],
    ),
    "Which connection is the slowest?": (
        "slowest",
        {"limit": 1},
        ["number 1 of the last 24 h: «paris-1»", "p50 305.0 ms"],
    ),
    "Which fails now and then?": (
        "failing",
        {},
        ["«sydney-1» («Sydney», «test-sydney»): 2 of 12 checks", "failed (16.7 %)", "success 83.3 %"],
    ),
    "Why does sydney-1 fail?": (
        "errors_by_cause",
        {"connection": "sydney-1"},
        ["too_many_connections in the phase auth: 2 failures of 1 connection"],
    ),
    "What failed in the fleet today?": (
        "errors_by_cause",
        {"window": "24h"},
        [
            "tcp_refused in the phase tcp: 2 failures",
            "dns_timeout",
            "our own side's and says nothing about a database",
        ],
    ),
    "How did Tokyo's latency go over a week?": (
        "series_summary",
        {"connection": "tokyo-1", "measure": "latency_p50"},
        ["first 171.2 ms, last 231.4 ms", "changed most clearly about 2026-03-10 13:00 UTC (Tuesday)"],
    ),
    "How far is Tokyo from Osaka?": (
        "compare",
        {"by": "vantage", "connection": "tokyo-1"},
        [
            "Vantage osaka of «tokyo-1»: 1 connection, 12 checks, success 100 %, p50 12.5 ms",
            "Vantage home of «tokyo-1»: 1 connection, 12 checks, success 100 %, p50 231.4 ms",
        ],
    ),
    "How do the regions compare?": (
        "compare",
        {"by": "region"},
        [
            "Region «Paris», «test-paris»: 1 connection, 11 checks, success 100 %, p50 305.0 ms",
            "Region «Dublin», «test-dublin»: 1 connection, 12 checks, success 83.3 %",
        ],
    ),
    "Which databases need attention?": (
        "health",
        {},
        [
            "«frankfurt-1»: Transaction ids: verdict act, 91.5 %",
            "«frankfurt-1»: Connections: verdict watch, 83 %",
        ],
    ),
    "How healthy is Frankfurt?": (
        "health",
        {"connection": "frankfurt-1"},
        ["Cache hits 98.5 %", "Connections used 83 of 100", "Size 3.42 GiB", "Cache hits: verdict good"],
    ),
    "Which statements take the most time?": (
        "top_statements",
        {"connection": "frankfurt-1"},
        ["number 1 by total", "calls 1,200", "total 90.00 s", "share 61.5 %"],
    ),
    "Which statement is the slowest each time?": (
        "top_statements",
        {"connection": "frankfurt-1", "by": "mean"},
        ["number 1 by mean of «frankfurt-1»: «REFRESH MATERIALIZED VIEW totals»", "mean 5.00 s"],
    ),
    "What was never tested?": (
        "list_connections",
        {"state": "unknown"},
        ["«lima-1» («Lima», «test-lima»), AWS: No data"],
    ),
    "How many milliseconds away is Frankfurt?": (
        "list_connections",
        {"search": "frankfurt"},
        ["«frankfurt-1»", "round trip 2.31 ms"],
    ),
    "What did the last tests of Dublin say?": (
        "latest_results",
        {"connection": "dublin-1", "limit": 3},
        [
            "connection test from home at 2026-03-14 11:10 UTC (Saturday) failed: tcp_refused",
            "worked: one round trip 25.0 ms",
        ],
    ),
    "Was Dublin's server upgraded?": (
        "what_changed",
        {"connection": "dublin-1"},
        ["server version «15.6»", "server version «17.4», seen from 2026-03-12 13:10 UTC"],
    ),
    "What changed in the fleet?": (
        "what_changed",
        {},
        ["«tokyo-1» («Tokyo», «test-tokyo») is 35.2 % slower"],
    ),
}


def facts_of(name: str, arguments: dict[str, Any], reader: Reader = PERSON) -> list[str]:
    told = json.loads(tools.call(name, arguments, reader=reader).text)
    assert "error" not in told, told
    return told["facts"]


def test_there_are_twenty_and_they_need_every_tool():
    assert len(QUESTIONS) == 20
    assert {name for name, _, _ in QUESTIONS.values()} == {tool.name for tool in tools.TOOLS}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_tools_return_the_facts_that_answer(known: Known, question: str):
    tool, arguments, answers = QUESTIONS[question]
    said = "\n".join(facts_of(tool, arguments))
    for answer in answers:
        assert answer in said


@pytest.mark.parametrize(
    "question", ["Why is Tokyo slow since Tuesday?", "Was Dublin's server upgraded?", "What is down?"]
)
def test_a_briefing_for_a_model_without_tools_holds_them_as_well(known: Known, question: str):
    told = brief(question, reader=PERSON, budget=12_000)
    assert len(told.text) <= 12_000
    for answer in QUESTIONS[question][2]:
        assert answer in told.text


def test_every_fact_has_a_reference_whose_figures_are_those_told(known: Known):
    references = References()
    for tool in tools.TOOLS:
        arguments = {
            name: {"connection": "tokyo-1", "measure": "latency_p50", "by": "region", "code": "tcp_refused"}[
                name
            ]
            for name in tool.required
        }
        answer = tools.call(tool.name, arguments, reader=PERSON, references=references)
        for fact in json.loads(answer.text)["facts"]:
            label = fact.rpartition("[")[2].rstrip("]")
            assert label in answer.references
            assert answer.references[label] == references[label]
