"""``manage.py probe`` shows the server's certificate, of every kind of probe, verified or not."""

import json

import pytest

from tests.probes.test_probe_command_kinds import probe
from tests.rigs import servers

QUICK = {
    "connection": [],
    "latency": ["--samples", "2"],
    "load": ["--clients", "1", "--seconds", "0.5"],
    "health": [],
}


@pytest.mark.parametrize("kind", QUICK)
def test_every_kind_tells_it(kind):
    done = probe(kind, *QUICK[kind], servers.postgres.url())

    assert done.returncode == 0, done.stderr
    assert "not verified" in done.stdout
    assert "days left" in done.stdout


def test_json_holds_it():
    held = json.loads(probe("connection", servers.postgres.url(), "--json").stdout)["detail"]["certificate"]

    assert held["verified"] is False
    assert held["days_left"] > 0


def test_without_tls_there_is_none():
    done = probe("connection", servers.postgres.url() + "?sslmode=disable")

    assert done.returncode == 0, done.stderr
    assert "certificate" not in done.stdout


def test_help_says_what_json_holds_and_what_the_exit_codes_mean():
    done = probe("--help")

    for words in ("Exit code 0", "1:", "2:", "--json", "timings", "summary", "certificate", "scratch"):
        assert words in " ".join(done.stdout.split())
