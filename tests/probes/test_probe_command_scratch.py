"""``manage.py probe scratch``: the table of the reading workloads, made and dropped from a terminal."""

import json

import psycopg
import pytest

from tests.probes.test_probe_command_kinds import probe
from tests.rigs import servers


@pytest.fixture
def table():
    """How many rows the table has, or None without one."""

    def rows() -> int | None:
        with psycopg.connect(servers.postgres.url(), autocommit=True) as connection:
            found = connection.execute("SELECT to_regclass('public.meridian_scratch')").fetchone()
            if found == (None,):
                return None
            return connection.execute("SELECT count(*) FROM public.meridian_scratch").fetchone()[0]

    yield rows
    with psycopg.connect(servers.postgres.url(), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS public.meridian_scratch")


def test_it_is_made_read_and_dropped(table):
    url = servers.postgres.url()

    made = probe("scratch", "create", url, "--rows", "500")
    assert (made.returncode, table()) == (0, 500), made.stderr
    assert "500 rows" in made.stdout
    read = probe("load", url, "--workload", "point", "--clients", "1", "--seconds", "0.5")
    assert read.returncode == 0, read.stdout
    dropped = probe("scratch", "drop", url, "--json")
    assert (dropped.returncode, table()) == (0, None)
    assert json.loads(dropped.stdout) == {"ok": True, "failure": None}


def test_a_load_test_without_it_says_so():
    done = probe("load", servers.postgres.url(), "--workload", "range", "--clients", "1", "--seconds", "0.5")

    assert done.returncode == 1
    assert "scratch_missing" in done.stdout


def test_what_cannot_be_done_is_1_with_its_hint():
    done = probe("scratch", "drop", "postgresql://ada@127.0.0.1:1/db")

    assert done.returncode == 1
    assert "tcp_refused" in done.stdout
    assert "nothing listens on this port" in done.stdout


@pytest.mark.parametrize("rows", ["-1", "9223372036854775808"])
def test_a_number_of_rows_out_of_bounds_is_2(rows, table):
    done = probe("scratch", "create", servers.postgres.url(), f"--rows={rows}")

    assert done.returncode == 2
    assert "--rows: must be a whole number" in done.stderr
    assert table() is None


def test_the_kind_of_change_must_be_named():
    done = probe("scratch", "truncate", servers.postgres.url())

    assert done.returncode == 2
    assert "create" in done.stderr
