"""The SQL files: which one is asked of which server, and that nothing in them depends on a search path."""

import re
from importlib import resources

import pytest

from probes.engine.health import queries
from probes.engine.health.catalogue import CHECKS

FILES = sorted(
    (file.name, file.read_text(encoding="utf-8"))
    for file in (resources.files("probes.engine.health") / "sql").iterdir()
    if file.name.endswith(".sql")
)
VERSIONS = range(13, 20)
FRAMES = {"begin", "answer", "facts"}


def chosen(check: str, major: int, *, replica: bool = False, privileged: bool = True) -> str:
    query = queries.choose(check, major, replica=replica, privileged=privileged)
    return query.name if query else ""


@pytest.mark.parametrize("major", VERSIONS)
@pytest.mark.parametrize("privileged", [True, False])
def test_every_check_has_exactly_one_file_for_every_version(major, privileged):
    for check in CHECKS:
        assert chosen(check.key, major, privileged=privileged), check.key
        fitting = [
            query.name
            for query in queries._queries()
            if query.check == check.key
            and query.privileged is False
            and query.fits(major, replica=False, privileged=False)
        ]
        assert len(fitting) == 1, fitting


@pytest.mark.parametrize(
    ("major", "blocked", "checkpoints"),
    [
        (13, "blocked.13", "checkpoints.13"),
        (14, "blocked", "checkpoints.13"),
        (15, "blocked", "checkpoints.13"),
        (16, "blocked", "checkpoints.13"),
        (17, "blocked", "checkpoints"),
        (18, "blocked", "checkpoints"),
        (19, "blocked", "checkpoints"),
    ],
)
def test_the_version_chooses(major, blocked, checkpoints):
    assert chosen("blocked", major) == blocked
    assert chosen("checkpoints", major) == checkpoints


def test_the_role_chooses():
    assert chosen("replication", 17) == "replication.primary"
    assert chosen("replication", 17, replica=True) == "replication.replica"
    assert chosen("vacuum", 17, replica=True) == ""


def test_the_rights_choose():
    assert chosen("statements", 17) == "statements"
    assert chosen("statements", 17, privileged=False) == "statements.restricted"
    assert chosen("connections", 13, privileged=False) == "connections.restricted"


def test_every_file_belongs_to_a_check():
    keys = {check.key for check in CHECKS} | FRAMES
    assert {name.partition(".")[0] for name, _ in FILES} == keys


@pytest.mark.parametrize(("name", "text"), FILES, ids=[name for name, _ in FILES])
def test_every_file_says_what_it_is_for_and_names_the_catalogue_in_full(name, text):
    assert text.startswith("-- ")
    sql = re.sub(r"--.*|'[^']*'", "", text)
    inner = set(re.findall(r"(?:WITH|,)\s+(\w+) AS \(", sql)) | set(re.findall(r"\) AS (\w+)", sql))
    for relation in re.findall(r"(?:FROM|JOIN)\s+(?!LATERAL)([\w.{}]+)", sql):
        assert relation.startswith("pg_catalog.") or relation in inner | {"{pg_stat_statements}"}, relation
    for function in re.findall(r"([\w.]+)\(", sql):
        assert function.startswith("pg_catalog.") or function.upper() in SYNTAX | {"COUNT"}, function
    for kind in re.findall(r"::([\w.]+)", sql):
        assert kind.startswith("pg_catalog."), kind


SYNTAX = {"COALESCE", "GREATEST", "EXISTS", "IN", "OVER", "ANY", "AS", "FILTER"}


def test_a_schema_cannot_break_out_of_its_quotes():
    query = queries.choose("statements", 17, replica=False, privileged=True)
    assert query is not None
    assert 'FROM "a""; DROP".pg_stat_statements' in query.in_schema('a"; DROP')
