"""``manage.py probe health``: a line for each check, what to do where something is to be done, and JSON."""

import json

import psycopg

from tests.probes.test_probe_command_kinds import probe
from tests.rigs import servers


def test_each_check_has_a_line_and_what_needs_doing_is_told():
    with psycopg.connect(servers.postgres.url(), autocommit=True) as admin:
        admin.execute('CREATE TABLE "odd\u202e<b>" (a int)')
        try:
            for _ in range(2):
                admin.execute('CREATE INDEX ON "odd\u202e<b>" (a)')
            done = probe("health", servers.postgres.url())
        finally:
            admin.execute('DROP TABLE "odd\u202e<b>"')

    assert done.returncode == 0, done.stderr
    for words in ("Works.", "good   Connections", "Transaction ids", "WATCH  Duplicate indexes", "odd�<b>"):
        assert words in done.stdout
    assert "DROP INDEX CONCURRENTLY" in done.stdout
    assert "\u202e" not in done.stdout
    assert done.stderr == ""


def test_json_holds_the_checks_and_the_figures():
    done = probe("health", servers.postgres.url(), "--json")

    outcome = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert outcome["kind"] == "health"
    assert {"key", "title", "value", "unit", "verdict", "hint", "needs", "caveat", "rows"} == set(
        outcome["detail"]["checks"][0]
    )
    assert outcome["detail"]["figures"]["size_bytes"] > 0


def test_a_database_that_cannot_be_reached_exits_1():
    done = probe("health", "postgresql://ada@127.0.0.1:1/postgres")

    assert done.returncode == 1
    assert "Failed in tcp: tcp_refused" in done.stdout
