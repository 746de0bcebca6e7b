"""``manage.py probe`` asks the engine directly and says in its exit code what came out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs import servers

PROJECT = Path(__file__).parents[2]


def probe(*words: str, said: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "probe", "connection", *words],
        cwd=PROJECT,
        env={"PATH": os.defpath, "MERIDIAN_HOME": "/nonexistent", **environ},
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_database_that_works_is_0_and_shows_its_phases_without_any_other_part():
    done = probe(servers.postgres.url())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Works.")
    for word in ("tcp", "tls", "auth", "query", "total", "PostgreSQL 17"):
        assert word in done.stdout


def test_json_is_one_object_with_the_outcome():
    done = probe(servers.postgres.url(), "--json")
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert found["timings"]["query"] > 0


def test_a_database_that_does_not_work_is_1_with_cause_and_hint():
    done = probe("postgresql://ada:hunter2@127.0.0.1:1/db")
    assert done.returncode == 1
    assert "tcp_refused" in done.stdout
    assert "nothing listens on this port" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_a_dsn_from_standard_input_stays_out_of_the_process_list():
    assert probe("-", said=servers.postgres.url() + "\n").returncode == 0


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("postgresql://ada@h/db?sslrootcert=/etc/passwd", "files of this machine are not read"),
        ("postgresql://ada:hunter2@two words/db", "Remove the spaces"),
        ("postgresql://ada@h:65536/db", "port"),
        ("postgresql://", "host"),
    ],
)
def test_a_question_that_cannot_be_asked_is_2_and_says_why(dsn, words):
    done = probe(dsn)
    assert done.returncode == 2
    assert words in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db(transaction=True)
def test_a_stored_connection_is_found_by_its_name(make_connection, settings):
    make_connection("Orders (EU)")
    database = settings.DATABASES["default"]["NAME"]
    environ = {
        "DATABASE_URL": servers.postgres.url(database),
        "MERIDIAN_VAULT_KEYS": servers.VAULT_KEY,
        "DATABASE_POOL": "0",
    }
    assert probe("orders (eu)", **environ).returncode == 0
    certified = probe("orders (eu)", "--sslrootcert", "root.pem", **environ)
    assert certified.returncode == 2
    assert "has its own certificates" in certified.stderr
    unknown = probe("nothing", **environ)
    assert unknown.returncode == 2
    assert "No connection has that name" in unknown.stderr


def test_an_address_that_the_rules_deny_is_not_called_a_failure_of_the_database():
    done = probe("postgresql://ada@169.254.169.254/db")
    assert done.returncode == 1
    assert done.stdout.startswith("Not tested: egress_denied")
