"""`prepare` makes everything that must hold before the parts start, and doing it again changes nothing."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection as database

from config.stack.ports import free_port
from connections.models import Connection, Region
from probes.models import Run, Vantage
from tests.rigs import servers

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "p@ss/w:rd"


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch):
    for name in os.environ:
        if name.startswith(("AIVEN_PG_", "MERIDIAN_ADMIN_PASSWORD")):
            monkeypatch.delenv(name)


@pytest.fixture
def never_used(db):
    """A site that never had a connection; sequences survive the end of other tests, and so does this restart."""
    with database.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE connections_connection_id_seq RESTART WITH 2000000")


@pytest.fixture
def prepare(monkeypatch, user):
    """Runs the command with this text on standard input; returns what it said. An administrator exists."""

    def run(text: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        said = io.StringIO()
        call_command("prepare", stdout=said)
        return said.getvalue()

    return run


def demo(**changes) -> str:
    row = {
        "name": "US East",
        "region_code": "aws-us-east-1",
        "host": "localhost",
        "port": 7001,
        "database": "demo",
        "username": "demo",
        "password": PASSWORD,
        "sslmode": "require",
        "simulated_rtt_ms": 12.0,
    }
    other = {**row, "name": "EU West", "region_code": "aws-eu-west-1", "port": 7002}
    return json.dumps({"demo": [row | changes, other]})


def test_doing_it_twice_changes_nothing(never_used, prepare):
    assert "Added 2 demo databases" in prepare(demo())

    def everything() -> list:
        tables = [
            Region.objects.order_by("pk").values(),
            Vantage.objects.order_by("pk").values(),
            Connection.objects.order_by("pk").values(),
            get_user_model().objects.order_by("pk").values(),
            Run.objects.order_by("pk").values("pk", "source", "total"),
        ]
        return [list(rows) for rows in tables]

    before = everything()
    prepare(demo())
    assert everything() == before


def test_it_loads_the_regions_and_makes_the_home_vantage(prepare):
    Vantage.objects.all().delete()
    Region.objects.all().delete()
    prepare()
    assert Region.objects.get(code="aws-eu-west-1").city == "Dublin"
    assert [one.code for one in Vantage.objects.all()] == ["home"]


def test_what_people_changed_about_the_home_vantage_stays(prepare):
    Vantage.objects.update_or_create(code="home", defaults={"name": "Cellar", "active": False})
    prepare()
    home = Vantage.objects.get(code="home")
    assert (home.name, home.active) == ("Cellar", False)


def test_it_makes_the_first_administrator_and_says_the_password(prepare, user):
    user.delete()
    assert "Created the administrator admin with the password " in prepare()
    assert get_user_model().objects.get().username == "admin"
    assert prepare() == ""


def test_demo_databases_are_tested_at_once(never_used, prepare):
    prepare(demo())
    assert Run.objects.open().filter(source=Run.Source.SAVED).count() == 2


def test_a_demo_database_that_moved_is_followed(never_used, prepare):
    prepare(demo())
    assert "Updated 1 demo databases" in prepare(demo(port=7101))
    assert Connection.objects.get(name="US East").port == 7101


def test_a_deleted_demo_stays_deleted(never_used, prepare):
    prepare(demo())
    Connection.objects.all().delete()
    prepare(demo())
    assert not Connection.objects.exists()


def test_databases_of_the_environment_appear_instead_of_the_demo(never_used, prepare, monkeypatch):
    monkeypatch.setenv("AIVEN_PG_US_EAST", f"postgres://u:{'hunter2'}@db.example.org:5432/defaultdb")
    said = prepare(demo())
    assert "AIVEN_PG_US_EAST" in said
    assert "hunter2" not in said
    assert [one.host for one in Connection.objects.all()] == ["db.example.org"]
    assert "unchanged" in prepare(demo())
    assert Connection.objects.count() == 1


@pytest.mark.parametrize("text", ["", " \n", '{"demo": []}'])
def test_without_rows_there_is_no_demo(never_used, prepare, text):
    assert prepare(text) == ""
    assert not Connection.objects.exists()


@pytest.mark.parametrize("text", ["{", PASSWORD, "[]", "7", "{}", '{"demo": null}', '{"demo": 7}'])
def test_other_input_is_refused_before_anything_is_done(prepare, text):
    Vantage.objects.all().delete()
    with pytest.raises(CommandError, match="Standard input must hold JSON") as error:
        prepare(text)
    assert PASSWORD not in str(error.value)
    assert not Vantage.objects.exists()


def elsewhere(**changes: str) -> str:
    """The URL of the test run's own database with another password, host or port."""
    here = urlsplit(servers.postgres.url())
    parts = {
        "user": here.username,
        "password": here.password,
        "host": here.hostname,
        "port": here.port,
        **changes,
    }
    return "postgresql://{user}:{password}@{host}:{port}/meridian".format(**parts)


@pytest.mark.parametrize("command", ["prepare", "doctor"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": "hunter2"}, "password authentication failed"),
        ({"host": "nosuch.invalid"}, "failed to resolve host 'nosuch.invalid'"),
        ({"port": str(free_port())}, "Connection refused"),
    ],
    ids=["wrong password", "unknown host", "nobody listens"],
)
def test_a_database_that_is_away_is_told_with_its_own_reason(command, changes, reason):
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_POOL"}
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=PROJECT,
        env=environ | {"DATABASE_URL": elsewhere(**changes)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    [line] = [
        line for line in (done.stdout + done.stderr).splitlines() if "The database does not answer" in line
    ]
    assert reason in line
    assert "hunter2" not in done.stdout + done.stderr
    if command == "prepare":
        assert done.stderr.splitlines() == [line]
