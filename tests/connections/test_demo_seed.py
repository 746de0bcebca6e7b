import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from connections.demo import seed
from connections.models import Connection


@pytest.fixture
def never_used(regions):
    """A site that never had a connection; sequences survive the end of other tests, and so does this restart."""
    with database.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE connections_connection_id_seq RESTART WITH 1000000")


@pytest.fixture
def rows(authority):
    row = {
        "host": "localhost",
        "database": "demo",
        "username": "demo",
        "password": "p@ss",
        "sslmode": "verify-full",
        "sslrootcert": authority.certificate,
    }
    return [
        {**row, "name": "US East", "region_code": "aws-us-east-1", "port": 7001, "simulated_rtt_ms": 12.0},
        {**row, "name": "EU West", "region_code": "aws-eu-west-1", "port": 7002, "simulated_rtt_ms": 80.0},
    ]


def test_a_first_start_gets_the_demo(never_used, rows):
    assert seed(rows, {}) == "Added 2 demo databases, with simulated distances."
    made = Connection.objects.get(name="EU West")
    assert (made.host, made.port, made.simulated_rtt_ms, made.simulated) == ("localhost", 7002, 80.0, True)
    assert (made.region.city, made.provider, made.open_password()) == ("Dublin", "aws", "p@ss")
    assert made.sslrootcert.startswith("-----BEGIN CERTIFICATE")


def test_a_second_start_saves_only_what_changed(never_used, rows):
    seed(rows, {})
    before = dict(Connection.objects.values_list("name", "updated_at"))
    assert seed(rows, {}) == ""
    rows[0]["port"] = 7101
    rows[0]["password"] = "new"
    assert seed(rows, {}) == "Updated 1 demo databases."
    after = dict(Connection.objects.values_list("name", "updated_at"))
    assert after["EU West"] == before["EU West"]
    stored = Connection.objects.get(name="US East")
    assert (stored.port, stored.open_password()) == (7101, "new")


def test_a_deleted_demo_stays_deleted(never_used, rows):
    seed(rows, {})
    Connection.objects.get(name="EU West").delete()
    seed(rows, {})
    assert [one.name for one in Connection.objects.all()] == ["US East"]
    Connection.objects.all().delete()
    seed(rows, {})
    assert not Connection.objects.exists()


def test_a_site_with_a_real_connection_gets_no_demo(never_used, rows, make_connection):
    make_connection("US East")
    seed(rows, {})
    assert [(one.name, one.simulated) for one in Connection.objects.all()] == [("US East", False)]


def test_aiven_variables_and_the_switch_keep_the_demo_away(never_used, rows, settings):
    seed(rows, {"AIVEN_PG_US_EAST": "anything"})
    settings.DEMO = False
    seed(rows, {})
    assert not Connection.objects.exists()


def test_without_rows_nothing_is_said(db):
    assert seed([], {}) == ""


def test_the_command_reads_json_from_standard_input(never_used, rows, monkeypatch, capsys):
    for name in ("AIVEN_PG_US_EAST", "AIVEN_PG_EU_WEST", "AIVEN_PG_ASIA_PACIFIC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(rows)))
    call_command("seed_demo")
    assert "Added 2" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("not json"))
    with pytest.raises(CommandError, match="not JSON"):
        call_command("seed_demo")
