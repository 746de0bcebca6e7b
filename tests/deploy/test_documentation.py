"""What README and docs/operations.md say of variables and commands is what the code reads and `make` lists."""

import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.stack import parts
from connections.rotation import STEPS
from tests.rigs.variables import read_anywhere

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text()
OPERATIONS = (PROJECT / "docs" / "operations.md").read_text()
ARCHITECTURE = (PROJECT / "docs" / "architecture.md").read_text()
ASKED_FOR = {
    "dev",
    "serve",
    "db-setup",
    "install",
    "format",
    "lint",
    "typecheck",
    "check",
    "clean",
    "info",
    "setup",
}
NAME = re.compile(r"`([A-Z][A-Z_]+(?:<REGION>)?)`")


def listed(text: str) -> set[str]:
    """The variables in the first column of the tables of a page."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in NAME.findall(row)}


@pytest.mark.parametrize("page", [README, OPERATIONS], ids=["README", "operations"])
def test_a_page_lists_every_variable_that_is_read_and_no_other(page):
    assert listed(page) == read_anywhere()


def test_every_variable_that_a_page_speaks_of_exists():
    elsewhere = {"NAME", "NAME_FILE", "FORWARDED_ALLOW_IPS", "MERIDIAN_VERSION"}
    levels = {"DEBUG", "INFO", "WARNING", "ERROR", "APP", "NUMBER", "PARTS"}
    for page in (README, OPERATIONS, ARCHITECTURE):
        assert set(NAME.findall(page)) <= read_anywhere() | elsewhere | levels


def test_what_compose_interpolates_is_told():
    names = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text()))
    assert names <= set(NAME.findall(OPERATIONS)) | {"PORT"}


def targets() -> set[str]:
    shown = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE))


def test_make_lists_every_command_that_was_asked_for():
    assert targets() >= ASKED_FOR


def test_the_readme_lists_what_make_lists():
    told = set(re.findall(r"`make ([a-z-]+)", README))
    assert told == targets() - {"help"}


def test_each_target_is_declared_and_says_what_it_does():
    makefile = (PROJECT / "Makefile").read_text()
    defined = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert defined == set(phony.split())
    assert defined - targets() == {"python-packages", "browser-packages"}


def test_every_part_that_up_starts_is_in_the_table_of_processes():
    table = OPERATIONS.split("## Install")[0]
    for name in ("web", "prepare", *(part.name for part in parts.workers("home", {}))):
        assert f"| {name} |" in table


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md"))]
)
def test_every_link_of_a_page_leads_somewhere(page):
    path = PROJECT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_file_that_the_architecture_points_to_exists():
    rooms = {"connections", "probes", "assistant", "config", "templates", "static", "tests", "bench", "docs"}
    for name in re.findall(r"`((?:[a-z_-]+/)+[a-z_.]*)`", ARCHITECTURE):
        if name.split("/")[0] in rooms:
            assert (PROJECT / name).exists() or list(PROJECT.glob(f"{name}*")), name


def test_the_commands_that_pages_name_exist():
    named = set(re.findall(r"manage\.py ([a-z_]+)", OPERATIONS + README))
    assert named <= set(get_commands())


def test_keys_are_changed_in_the_order_that_the_command_tells():
    told = OPERATIONS.split("## Change keys")[1].split("## ")[0]
    steps = re.findall(r"^\d\. (.+)$", told, re.MULTILINE)
    assert [step.replace("`", "") for step in steps] == [step.replace("`", "") for step in STEPS]
