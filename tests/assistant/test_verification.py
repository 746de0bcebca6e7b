"""Figures in an answer are held against the results that it cites; what is no figure is left alone."""

import pytest

from assistant.facts import Figure, Reference
from assistant.verify import Span, mark

TOKYO = Reference(
    "/tokyo",
    "tokyo 42",
    (Figure(231.44, "ms"), Figure(1234.0, "ms"), Figure(35.2, "%"), Figure(99.95, "%"), Figure(1_000_000)),
)
FLEET = Reference(
    "/fleet",
    "",
    (Figure(46), Figure(3), Figure(3_674_210_304, "bytes"), Figure(12_430.0, "/s"), Figure(2.46, "x")),
)
UNCITED = Reference("/dublin", "dublin", (Figure(84.2, "ms"),))
REFERENCES = {"r1": TOKYO, "r2": FLEET, "r12": UNCITED}
CITED = " [r1, r2]"


def figures(text: str) -> list[tuple[str, str]]:
    return [(one.text, one.kind) for one in mark(text + CITED, REFERENCES) if "verified" in one.kind]


@pytest.mark.parametrize(
    "written",
    [
        "231.44 ms",
        "231.4 ms",
        "231 ms",
        "231ms",
        "0.231 s",
        "0.23 seconds",
        "231,440 µs",
        "1.2 s",
        "1.23 s",
        "1,234 ms",
        "35 %",
        "35.2%",
        "35 percent",
        "99.95 %",
        "99.95 per cent",
        "46 connections",
        "3 databases",
        "3.42 GiB",
        "3.7 GB",
        "12.4 k/s",
        "12,430/s",
        "12,430 queries per second",
        "12,430 tps",
        "2.5\N{MULTIPLICATION SIGN}",
        "2.5 times",
        "1 million",
        "1,000,000",
        "231.4",
    ],
)
def test_a_figure_of_a_cited_result_is_verified_however_it_is_rounded_or_converted(written: str):
    [(text, kind)] = figures(f"It is {written}.")
    assert kind == "verified"
    assert written.startswith(text)


@pytest.mark.parametrize(
    "written",
    [
        "232 ms",
        "231.5 ms",
        "2.31 s",
        "84.2 ms",
        "36 %",
        "47 connections",
        "3.5 GiB",
        "13 k/s",
        "231 %",
        "500",
        "77.7",
        "3 ms",
    ],
)
def test_a_figure_that_no_cited_result_contains_is_marked(written: str):
    [(text, kind)] = figures(f"It is {written} now.")
    assert kind == "unverified"
    assert written.startswith(text)


@pytest.mark.parametrize(
    "text",
    [
        "Since Tuesday 2026-11-17 14:00 UTC",
        "since 14:05 and until 3:30 pm",
        "on 17 November 2026, and on Nov 3",
        "In 2026 nothing changed",
        "1. First look at the network\n2. Then at the server\n10) rest",
        "tokyo-1, us-east-1, db_7, r2d2 and ip-10-0-0-12",
        "tokyo 42 is fine",
        "PostgreSQL 17.4, version 16, TLS 1.3, TLSv1.2, PgBouncer 1.24",
        "p95 and p99",
        "SQLSTATE 53300, that is too_many_connections (53300), or 28P01",
        "on port 5432",
        "`SELECT 12345` and ```\n99999 ms\n```",
        "a table called «drop 777 ms now»",
        "see https://example.com/234 for more",
        "over the last 24 hours, 7 days or 30 d",
        "in the past 3 hours",
        "the top 20 of them",
        "two things: 1 the network, 2 the server",
        "Here are 5 ideas",
        "the 2nd and the 15th",
        "step 14",
    ],
)
def test_dates_lists_names_and_versions_are_not_marked(text: str):
    assert figures(text) == []


def test_both_ends_of_a_range_are_figures():
    assert figures("It took 231-1234 ms.") == [("231", "verified"), ("1234 ms", "verified")]
    assert figures("between 231 and 900 ms") == [("231", "verified"), ("900 ms", "unverified")]


def test_references_become_links_one_by_one():
    spans = mark("Slow [r1], see [r2; r12] and [r99] and [notr1].", REFERENCES)
    assert [(one.text, one.url) for one in spans if one.kind == "reference"] == [
        ("[r1]", "/tokyo"),
        ("r2", "/fleet"),
        ("r12", "/dublin"),
    ]
    assert "".join(one.text for one in spans) == "Slow [r1], see [r2; r12] and [r99] and [notr1]."


def test_a_verified_figure_leads_to_the_page_that_shows_it():
    assert Span("231 ms", "verified", "/tokyo") in mark("231 ms [r1]", REFERENCES)


def test_only_what_is_cited_verifies():
    assert Span("231 ms", "unverified") in mark("231 ms [r2]", REFERENCES)
    assert Span("231 ms", "unverified") in mark("231 ms", REFERENCES)
    assert Span("84 ms", "verified", "/dublin") in mark("84 ms [r12]", REFERENCES)


@pytest.mark.parametrize(
    "text",
    ["", "no figure", "x" * 100_000, "9" * 10_000, "1,1," * 20_000, "[r1" * 5_000, "12-" * 20_000, "\0\n`«"],
)
def test_any_text_comes_back_whole_and_soon(text: str):
    assert "".join(one.text for one in mark(text, REFERENCES)) == text
