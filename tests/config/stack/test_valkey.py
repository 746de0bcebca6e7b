import subprocess
import sys
import time

import pytest
import redis

from config.stack.errors import StackError
from config.stack.ports import free_port, is_free
from config.stack.valkey import Valkey
from tests.config.stack.conftest import eventually, processes_of

pytestmark = pytest.mark.stack


def client(server: Valkey) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def test_a_second_start_keeps_the_data_and_the_password(folder):
    with Valkey(folder / "valkey", free_port()) as server, client(server) as broker:
        broker.rpush("probes.home", "a job")
        url = server.url
    with Valkey(folder / "valkey", server.port) as server, client(server) as broker:
        assert broker.lrange("probes.home", 0, -1) == [b"a job"]
        assert server.url == url
    assert processes_of(str(folder)) == []


def test_what_was_written_a_second_ago_survives_a_kill(folder):
    with Valkey(folder / "valkey", free_port()) as server:
        with client(server) as broker:
            broker.rpush("probes.home", *range(500))
        time.sleep(1.2)
        server.kill()
        server.start()
        with client(server) as broker:
            assert broker.llen("probes.home") == 500


def test_it_refuses_who_has_no_password(folder):
    with (
        Valkey(folder / "valkey", free_port()) as server,
        redis.Redis(port=server.port) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_it_never_drops_a_queued_job_for_want_of_memory(folder):
    with Valkey(folder / "valkey", free_port()) as server, client(server) as broker:
        kept = broker.config_get("maxmemory-policy", "appendonly", "appendfsync")
    assert kept == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}


def test_the_password_is_not_on_the_command_line(folder):
    server = Valkey(folder / "valkey", free_port())
    server.prepare()
    password = (folder / "valkey" / "password").read_text()
    assert password not in " ".join(server.command())
    assert (folder / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_a_server_that_outlived_its_supervisor_is_ended_at_the_next_start(folder):
    port = free_port()
    script = (
        "import sys, threading; from pathlib import Path; from config.stack.valkey import Valkey\n"
        # Started from a passing thread, so that the kernel does not end it with its parent.
        "starter = threading.Thread(target=lambda: Valkey(Path(sys.argv[1]), int(sys.argv[2])).start())\n"
        "starter.start(); starter.join()"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script, folder / "valkey", str(port)], check=True)
    assert not is_free(port)
    with Valkey(folder / "valkey", port) as server, client(server) as broker:
        assert broker.ping()
    assert eventually(lambda: is_free(port))


def test_a_port_that_is_taken_is_said_in_one_line(folder):
    said = r"^Valkey did not start: .*[Ff]ailed listening on port"
    with Valkey(folder / "one", free_port()) as first, pytest.raises(StackError, match=said):
        Valkey(folder / "two", first.port).start()
    assert processes_of(str(folder / "two")) == []
