"""docs/features.md has a section for every row that it promises, and the tests that it names exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "features.md").read_text()
TITLES = {"Asked for": 18, "Faults of earlier programs that must not return": 22}
"""The two parts of the page, and how many rows each has."""


def sections() -> dict[str, dict[str, str]]:
    """Part → key → what stands below it."""
    parts = dict(zip(*[iter(re.split(r"^## (.*)$", PAGE, flags=re.MULTILINE)[1:])] * 2, strict=True))
    return {
        title: dict(zip(*[iter(re.split(r"^### (.*)$", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
        for title, text in parts.items()
    }


def named(text: str) -> list[tuple[str, str]]:
    """The tests that a section names: file and function."""
    return re.findall(r"^- `(tests/[\w/]+\.py)::(\w+)`$", text, re.MULTILINE)


ROWS = [row for rows in sections().values() for row in rows.items()]


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((PROJECT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("title", TITLES)
def test_every_key_at_the_top_has_its_section_and_no_other_is_there(title):
    [told] = re.findall(rf"^{title}: (.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    keys = told.replace("\n", " ").split(" · ")
    assert keys == list(sections()[title])
    assert len(keys) == TITLES[title]


@pytest.mark.parametrize(("key", "text"), ROWS, ids=[key for key, _ in ROWS])
def test_a_section_says_what_it_is_and_where_and_names_tests_that_exist(key, text):
    before_where = text.split("\nWhere: ")[0].strip()
    assert len(before_where) > 30, "what it is, in words"
    assert re.search(r"^Where: \S", text, re.MULTILINE), "where it can be seen"
    assert named(text)
    assert text.count("\n- ") == len(named(text))
    for path, name in named(text):
        assert (PROJECT / path).exists(), path
        assert name in functions_of(path), f"{path}::{name}"
