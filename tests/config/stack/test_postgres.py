import os
import signal
import subprocess
import sys

import psycopg
import pytest

from config.stack.errors import StackError
from config.stack.ports import free_port, is_free
from config.stack.postgres import Postgres
from tests.config.stack.conftest import eventually, processes_of

pytestmark = pytest.mark.stack


def one(server: Postgres, query: str, database: str = "meridian"):
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        return connection.execute(query).fetchone()[0]


def run(server: Postgres, statement: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(statement)


def test_a_second_start_keeps_the_data_and_the_password(folder):
    with Postgres(folder / "pg", free_port()) as server:
        run(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    with Postgres(folder / "pg", free_port()) as server:
        assert one(server, "SELECT answer FROM kept") == 42
    assert processes_of(str(folder)) == []


def test_the_data_survives_a_kill(folder):
    with Postgres(folder / "pg", free_port()) as server:
        run(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        server.kill()
        server.start()
        assert one(server, "SELECT answer FROM kept") == 42


def test_it_speaks_tls_with_a_certificate_that_verifies_and_counts_statements(folder):
    with Postgres(folder / "pg", free_port()) as server:
        url = f"{server.url()}?sslmode=verify-full&sslrootcert={server.authority}"
        with psycopg.connect(url) as connection:
            ssl = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
            statements = connection.execute("SELECT count(*) FROM pg_stat_statements").fetchone()
        assert ssl == (True,)
        assert statements is not None


def test_only_the_right_password_gets_in_and_the_role_is_no_superuser(folder):
    with Postgres(folder / "pg", free_port()) as server:
        assert one(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(
                host="127.0.0.1", port=server.port, user="meridian", password="guess", dbname="meridian"
            )


def test_roles_and_databases_are_made_once(folder):
    with Postgres(folder / "pg", free_port()) as server:
        first = server.ensure_role("demo", member_of=["pg_monitor"])
        server.ensure_database("demo_us_east", owner="demo")
        assert server.ensure_role("demo", member_of=["pg_monitor"]) == first
        server.ensure_database("demo_us_east", owner="demo")
        with psycopg.connect(server.url("demo_us_east", "demo")) as connection:
            assert connection.execute("SELECT pg_has_role('pg_monitor', 'member')").fetchone() == (True,)


def test_a_server_that_outlived_its_supervisor_is_ended_at_the_next_start(folder):
    port = free_port()
    script = (
        "import sys; from pathlib import Path; from config.stack.postgres import Postgres\n"
        "import threading\n"
        # Started from a passing thread, so that the kernel does not end it with its parent.
        "starter = threading.Thread(target=lambda: Postgres(Path(sys.argv[1]), int(sys.argv[2])).start())\n"
        "starter.start(); starter.join()"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script, folder / "pg", str(port)], check=True)
    assert not is_free(port)
    with Postgres(folder / "pg", free_port()) as server:
        assert one(server, "SELECT 1") == 1
        assert eventually(lambda: is_free(port))


def test_a_pid_file_that_names_another_program_does_not_matter(folder):
    with Postgres(folder / "pg", free_port()) as server:
        server.kill()
        pid_file = folder / "pg" / "cluster" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        # In a container, process ids repeat.
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        server.start()
        assert one(server, "SELECT 1") == 1


def test_it_ends_with_the_process_that_started_it(folder):
    port = free_port()
    script = (
        "import sys, time; from pathlib import Path; from config.stack.postgres import Postgres\n"
        "Postgres(Path(sys.argv[1]), int(sys.argv[2])).start(); print('up', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, folder / "pg", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        assert starter.stdout.readline() == b"up\n"
        starter.send_signal(signal.SIGKILL)
    assert eventually(lambda: not processes_of(str(folder)))


def test_a_port_that_is_taken_is_said_in_one_line(folder):
    with (
        Postgres(folder / "one", free_port()) as first,
        pytest.raises(StackError, match=r"^PostgreSQL did not start: .*could not create any TCP/IP sockets$"),
    ):
        Postgres(folder / "two", first.port).start()
    assert processes_of(str(folder)) == []


def test_an_interrupted_initdb_is_begun_anew(folder):
    half = folder / "pg" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("17")
    with Postgres(folder / "pg", free_port()) as server:
        assert one(server, "SELECT 1") == 1
