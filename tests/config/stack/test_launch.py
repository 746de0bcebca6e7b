import asyncio
import io
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from config.stack import launch, parts
from config.stack.console import Console
from config.stack.errors import StackError
from config.stack.keeper import Part
from config.stack.launch import Options
from config.stack.ports import free_port
from tests.config.stack.conftest import processes_of, until

pytestmark = pytest.mark.stack

WEB = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(os.environ["DATABASE_URL"].split(":")[0], os.environ["REDIS_URL"].split(":")[0], flush=True)
        self.send_response(200); self.end_headers()
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


def options(folder: Path, **fields) -> Options:
    given: dict = {
        "home": folder / "home",
        "host": "127.0.0.1",
        "port": free_port(),
        "host_name": "localhost",
        "vantage": "home",
        "database_url": "",
        "redis_url": "",
        "demo": True,
        "reload": False,
        "environment": {"PATH": os.defpath},
    }
    return Options(**given | fields)


@pytest.fixture(autouse=True)
def our_parts(monkeypatch, folder) -> dict[str, str]:
    """Stands a small web server in for ours, and nothing for the workers."""
    scripts = {"web": WEB, "prepare": "import sys; print('given', len(sys.stdin.read()) > 100)"}

    def script(name: str, environment, port: int = 0) -> Part:
        command = [sys.executable, "-c", scripts[name], str(folder), str(port)]
        return Part(name=name, command=command, environment=environment, folder=folder)

    monkeypatch.setattr(
        parts, "web", lambda host, port, environment, reload: script("web", environment, port)
    )
    monkeypatch.setattr(parts, "workers", lambda vantage, environment: [])
    monkeypatch.setattr(parts, "prepare", lambda environment: script("prepare", environment))
    return scripts


async def run_until_ready(options: Options, said: io.StringIO) -> None:
    running = asyncio.create_task(launch.run(options, Console(said)))
    await until(lambda: "Meridian is at" in said.getvalue() or running.done())
    if not running.done():
        os.kill(os.getpid(), signal.SIGTERM)
    await running


async def test_it_starts_everything_says_where_it_is_and_stops_at_a_signal(folder, said):
    wanted = options(folder)
    await run_until_ready(wanted, said)
    text = said.getvalue()
    assert "✓ PostgreSQL 17" in text
    assert "✓ Valkey" in text
    assert "  given True" in text
    assert "web      │ postgresql redis" in text
    assert f"Meridian is at http://127.0.0.1:{wanted.port}/" in text
    assert text.endswith("Stopped.\n")
    assert processes_of(str(folder)) == []


async def test_a_second_start_keeps_the_ports_and_the_keys(folder, said):
    await run_until_ready(options(folder), said)
    first = (folder / "home" / "stack.json").read_text()
    await run_until_ready(options(folder), io.StringIO())
    assert (folder / "home" / "stack.json").read_text() == first


OUTSIDE = {
    "database_url": "postgresql://somewhere/meridian",
    "redis_url": "rediss://somewhere",
    "environment": {"PATH": os.defpath, "MERIDIAN_VAULT_KEYS": "a-key"},
}


async def test_a_database_outside_is_refused_without_a_key_for_its_passwords(folder, said):
    without = {**OUTSIDE, "environment": {"PATH": os.defpath}}
    with pytest.raises(StackError, match="MERIDIAN_VAULT_KEYS is not"):
        await launch.run(options(folder, **without), Console(said))
    assert not (folder / "home").exists()


async def test_servers_that_are_given_are_used_and_no_demo_is_staged(folder, said):
    await run_until_ready(options(folder, **OUTSIDE), said)
    assert "PostgreSQL" not in said.getvalue()
    assert "given False" in said.getvalue()
    assert "web      │ postgresql rediss" in said.getvalue()
    assert [path.name for path in (folder / "home").iterdir() if path.is_dir()] == []


async def test_a_port_in_use_is_said_before_anything_starts(folder, said):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            StackError, match=f"^Port {port} on 127.0.0.1 is in use by another program; set PORT"
        ):
            await launch.run(options(folder, port=port), Console(said))
    assert not (folder / "home").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_a_host_that_is_not_this_machine_is_not_called_a_port_in_use(folder, said, host):
    with pytest.raises(StackError, match=f"^Nothing can listen on port 8000 of {host}: .+; set PORT or HOST"):
        await launch.run(options(folder, host=host, port=8000), Console(said))
    assert not (folder / "home").exists()


async def test_a_second_start_on_the_same_home_names_the_first(folder, said):
    wanted = options(folder)
    running = asyncio.create_task(launch.run(wanted, Console(said)))
    await until(lambda: "Meridian is at" in said.getvalue() or running.done())
    with pytest.raises(StackError, match=f"already running on .* \\(process {os.getpid()}\\)"):
        await launch.run(wanted, Console(io.StringIO()))
    os.kill(os.getpid(), signal.SIGTERM)
    await running


async def test_a_demo_that_was_staged_keeps_its_distances_when_it_is_switched_off(folder, said):
    await run_until_ready(options(folder), io.StringIO())
    await run_until_ready(options(folder, demo=False), said)
    assert "  given True" in said.getvalue()


async def test_a_start_that_fails_half_way_leaves_no_process(folder, said, our_parts):
    our_parts["prepare"] = "raise SystemExit('The vault key does not fit.')"
    with pytest.raises(StackError, match=r"prepare ended with exit code 1: The vault key does not fit\.$"):
        await launch.run(options(folder), Console(said))
    assert processes_of(str(folder)) == []


async def test_a_web_part_that_cannot_run_ends_the_start_with_its_reason(folder, said, our_parts):
    our_parts["web"] = "raise SystemExit('No module named config')"
    with pytest.raises(StackError, match="web ended with exit code 1: No module named config"):
        await launch.run(options(folder, redis_url="redis://somewhere"), Console(said))
    assert processes_of(str(folder)) == []


async def test_what_is_not_ready_in_time_is_named(folder, said, our_parts, monkeypatch):
    monkeypatch.setattr(launch, "START_TIMEOUT", 1.0)
    our_parts["web"] = "import time; time.sleep(60)"
    with pytest.raises(StackError, match="Not ready after 1 s: the web server does not answer"):
        await launch.run(options(folder, **OUTSIDE), Console(said))


async def test_a_signal_while_starting_stops_what_has_started(folder, said, our_parts):
    our_parts["prepare"] = "import time; print('preparing', flush=True); time.sleep(60)"
    running = asyncio.create_task(launch.run(options(folder), Console(said)))
    await until(lambda: "preparing" in said.getvalue())
    os.kill(os.getpid(), signal.SIGINT)
    await running
    assert said.getvalue().endswith("Stopped.\n")
    assert processes_of(str(folder)) == []
