"""``manage.py probe latency`` and ``load``: tables for people, JSON for programs, a bar only in a terminal."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from probes import claims
from probes.jobs import database_at
from probes.management.commands.probe import endpoint_from_dsn
from probes.models import uuid7
from tests.rigs import servers

PROJECT = Path(__file__).parents[2]


def command(*words: str) -> list[str]:
    return [sys.executable, "manage.py", "probe", *words]


def probe(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=PROJECT, env=environment(), capture_output=True, text=True, timeout=60
    )


def environment() -> dict[str, str]:
    return {"PATH": os.defpath, "MERIDIAN_HOME": "/nonexistent"}


def test_latency_prints_percentiles_jitter_and_cold_connects():
    done = probe("latency", servers.postgres.url(), "--samples", "20", "--cold-connects", "2")
    assert done.returncode == 0, done.stderr
    for word in ("20 measured, 0 failed", "p99", "jitter", "cold connects"):
        assert word in done.stdout
    assert done.stderr == ""


def test_load_prints_each_step_and_the_knee():
    done = probe("load", servers.postgres.url(), "--ramp", "1,2", "--seconds", "2")
    assert done.returncode == 0, done.stderr
    for word in ("a second", "level", "knee: "):
        assert word in done.stdout


def test_json_holds_the_series():
    done = probe(
        "load", servers.postgres.url(), "--clients", "2", "--seconds", "0.5", "--rate", "50", "--json"
    )
    found = json.loads(done.stdout)
    assert found["kind"] == "load"
    assert found["ok"] is True
    assert found["detail"]["series"][0]["done"] > 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["latency", "--samples", "0"], "--samples: must be a whole number from 1 to 1,000"),
        (["latency", "--interval-ms", "nan"], "--interval-ms: must be a number"),
        (["load", "--clients", "9223372036854775808"], "--clients: must be"),
        (["load", "--seconds", "-1"], "--seconds: must be"),
        (["load", "--ramp", "5,x"], "must be numbers with commas"),
        (["load", "--workload", "sql"], "--sql: must be given"),
        (["load", "--rate", "inf"], "--rate: must be"),
        (["load", "--workload", "sql", "--sql", b"SELECT '\xff'"], "--sql: must be text"),
    ],
)
def test_a_number_out_of_bounds_is_2_and_is_named(words, said):
    done = probe(*words, servers.postgres.url())
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_ends_a_load_test_with_what_it_has():
    with subprocess.Popen(
        command("load", servers.postgres.url(), "--clients", "2", "--seconds", "60", "--json"),
        cwd=PROJECT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        wait_for_clients()
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=20)
    assert running.returncode == 0
    assert json.loads(output)["detail"]["stopped"] == "cancelled"


@pytest.fixture
def database() -> str:
    """What the database of the DSN is known by."""
    return database_at(
        endpoint_from_dsn(servers.postgres.url(), {"sslrootcert": "", "sslcert": "", "sslkey": ""})
    )


def with_broker() -> dict[str, str]:
    return {**environment(), "REDIS_URL": settings.REDIS_URL}


def test_a_load_test_does_not_begin_while_somebody_else_tests_the_database(database):
    assert claims.hold(database, uuid7())
    done = subprocess.run(
        command("load", servers.postgres.url(), "--seconds", "1"),
        cwd=PROJECT,
        env=with_broker(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Not tested: load_under_way" in done.stdout


def test_a_load_test_holds_its_database_until_it_has_ended(database):
    with subprocess.Popen(
        command("load", servers.postgres.url(), "--clients", "2", "--seconds", "60", "--json"),
        cwd=PROJECT,
        env=with_broker(),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        wait_for_clients()
        assert not claims.hold(database, uuid7())
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)
    assert claims.hold(database, uuid7())


def pressed_until_it_ends(running: subprocess.Popen[str]) -> str:
    """Ctrl-C, and again where a busy machine lets one go under, as a person does; returns what was said."""
    for _ in range(4):
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=8)[1]
    raise AssertionError("It goes on after four interrupts.")


@pytest.mark.parametrize("kind", ["connection", "latency", "load", "health"])
def test_an_interrupt_ends_what_has_measured_nothing_with_a_word(kind):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        dsn = f"postgresql://ada@127.0.0.1:{silent.getsockname()[1]}/db?sslmode=disable&connect_timeout=60"
        with subprocess.Popen(
            command(kind, dsn), cwd=PROJECT, env=environment(), stderr=subprocess.PIPE, text=True
        ) as running:
            asked, _ = silent.accept()
            # It has asked by now, and waits.
            assert asked.recv(1)
            said = pressed_until_it_ends(running)
            asked.close()
    assert running.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said


def test_a_terminal_gets_a_bar():
    ours, theirs = pty.openpty()
    done = subprocess.run(
        command("load", servers.postgres.url(), "--clients", "1", "--seconds", "1"),
        cwd=PROJECT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
    )
    os.close(theirs)
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "[####" in drawn
    assert "/s  p50" in drawn


def wait_for_clients() -> None:
    """Until a load test's connections ask something."""
    deadline = time.monotonic() + 30
    with psycopg.connect(servers.postgres.url(), autocommit=True) as connection:
        while time.monotonic() < deadline:
            count = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'meridian/command' AND query = 'SELECT 1'"
            ).fetchone()
            if count is not None and count[0] >= 2:
                return
            time.sleep(0.1)
    raise AssertionError("the load test did not begin")
