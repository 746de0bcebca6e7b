"""Figures in an answer are held against the results that it cites; what is no figure is left alone."""

import re

import pytest

from assistant import markdown
from assistant.facts import Figure, Reference
from assistant.verify import Evidence, Span

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


def mark(text: str, references: dict[str, Reference]) -> list[Span]:
    return Evidence(text, references).mark(text)


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
        "`SELECT 12345` and `LIMIT 999 ms`",
        "a table called «drop 777 ms now»",
        "see https://example.com/234 for more",
        "over the last 24 hours, 7 days or 30 d",
        "in the past 3 hours",
        "in the 7 days before it was 24-hour window by 24 h p50",
        "localhost:5432, db_77 and /runs/231",
        "since 2026, on March 3, 2025",
        "down since 2026-03-14 09:10 UTC, in 2026-03-31T10:00Z",
        "the top 20 of them",
        "two things: 1 the network, 2 the server",
        "Here are 5 ideas",
        "the 2nd and the 15th",
        "step 14",
    ],
)
def test_dates_lists_names_and_versions_are_not_marked(text: str):
    assert figures(text) == []


@pytest.mark.parametrize(
    "written",
    [
        "It was that of 2012 ms",
        "in 2000 ms it was there",
        "3 of 2012 checks failed",
        "since March 99 ms",
        "down for 6 hours",
        "down for 24 hours",
        "down for over 6 hours",
        "back within 5 minutes",
        "a 90-second outage",
        "number 999 ms",
        "attempt 500 ms",
        "top 999 ms",
        "code 999 ms",
        "at 12:59 ms",
        "p95:999 ms",
        "p95: 999ms",
        "999/1000 connections",
        "98.9/98.5 %",
        "_999 ms",
        "1.5e3 ms",
        "1E4 connections",
        "«999 ms»",
        "`999 ms`",
    ],
)
def test_no_dress_hides_a_figure(written: str):
    found = figures(written)
    assert found
    assert {kind for _, kind in found} == {"unverified"}


@pytest.mark.parametrize("separator", [",", " ", "\u00a0", "\u2009", "\u202f"])
def test_thousands_are_one_figure_however_they_are_separated(separator: str):
    assert figures(f"It is 1{separator}234 ms") == [(f"1{separator}234 ms", "verified")]
    assert figures(f"It is 35{separator}231 ms") == [(f"35{separator}231 ms", "unverified")]


def test_an_exponent_says_how_exact_a_figure_is():
    assert figures("2.31e2 ms, 1.2e3 ms") == [("2.31e2 ms", "verified"), ("1.2e3 ms", "verified")]
    assert figures("2.3144e2 ms, 2.32e2 ms") == [("2.3144e2 ms", "verified"), ("2.32e2 ms", "unverified")]


def shown(text: str) -> list[tuple[str, str]]:
    """The figures of an answer as its page marks them."""
    html = markdown.html(text + CITED, REFERENCES)
    marks = re.findall(r'<(?:a|span) class="(verified|unverified)"[^>]*>([^<]*)<', html)
    return [(said, kind) for kind, said in marks]


@pytest.mark.parametrize(
    "written",
    [
        "_999 ms_",
        "__888 ms__",
        "**p95**:999ms",
        "a **999 ms** peak",
        "`999 ms`",
        "``999 ms``",
        "\\`999 ms of late\\`",
        "&#57;99 ms",
        "\\_999 ms\\_",
        "| p95 |\n|---|\n| 999 ms |\n\n",
    ],
)
def test_markdown_hides_no_figure(written: str):
    [(said, kind)] = shown(written)
    assert (kind, said[1:3]) == ("unverified", "99") or (kind, said) == ("unverified", "888 ms")


def test_a_figure_that_is_half_emphasised_is_one_figure():
    assert shown("8**4** ms") == [("8", "unverified"), ("4", "unverified"), (" ms", "unverified")]
    assert shown("2**31** ms") == [("2", "verified"), ("31", "verified"), (" ms", "verified")]
    assert shown("**7** databases, **3** databases") == [("7", "unverified"), ("3", "verified")]


def test_code_keeps_its_numbers_but_its_references_are_links():
    assert shown("```\n999 ms [r1]\n```\n\n    999 ms\n\n`LIMIT 999`") == [("999 ms", "unverified")]
    assert '<code><a class="reference" href="/tokyo">[r1]</a></code>' in markdown.html("`[r1]`", REFERENCES)


def test_a_draft_has_its_links_but_no_judgement_yet():
    html = markdown.html("It is 999 ms [r1].\n\nAnd **[r2]**.", REFERENCES, settled=False)
    assert html == (
        '<p>It is 999 ms <a class="reference" href="/tokyo">[r1]</a>.</p>\n'
        '<p>And <strong><a class="reference" href="/fleet">[r2]</a></strong>.</p>\n'
    )


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


def test_a_verified_figure_leads_to_where_it_was_measured():
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
