"""Everything on one machine, as people meet it: a first start, a part that crashes, the end, and a second start."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.rigs.person import Person
from tests.rigs.stack import PASSWORD, Stack

DEMO = "SELECT id, name, host, port, database, simulated_rtt_ms FROM connections_connection ORDER BY id"
RESULTS = "SELECT run_id, connection_id, vantage, ok, finished_at FROM probes_result ORDER BY run_id"
PARTS = ("uvicorn", "--queues probes.home", "--queues load.home", "--queues record", "beat")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="meridian-stack-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def until(holds: Callable[[], object], stack: Stack, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, stack.log.read_text()[-4000:]
        time.sleep(0.1)


def left_over(home: Path, ports: list[int]) -> list[str]:
    """The command lines of all processes that have to do with this home; its servers are known by folder and port."""
    words = [str(home), *(f":{port}" for port in ports)]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environ = (folder / "environ").read_bytes()
            if any(word in line for word in words) or f"MERIDIAN_HOME={home}\0".encode() in environ:
                found.append(line)
    return found


def ports_of(state: dict) -> list[int]:
    return [port for port in state["ports"].values() if port]


def expect_alive(stack: Stack) -> None:
    """The three simulated databases are listed and their first tests went well."""
    until(lambda: len(stack.rows("SELECT FROM probes_result WHERE ok")) >= 3, stack)
    rows = stack.rows(
        "SELECT c.name, bool_and(r.ok) AS ok, bool_and(r.simulated) AS simulated FROM connections_connection c "
        "JOIN probes_result r ON r.connection_id = c.id WHERE c.simulated_rtt_ms IS NOT NULL GROUP BY c.name"
    )
    assert len(rows) == 3
    assert {(row["ok"], row["simulated"]) for row in rows} == {(True, True)}


def expect_pages(stack: Stack) -> None:
    page = Person(stack).get("/")
    assert "Sign out" in page
    assert page.count('<tr id="connection-row-') == 3
    assert "simulated" in page.lower()


def expect_a_stranger_sees_nothing(stack: Stack) -> None:
    for path in ("/", "/connections/", "/admin/"):
        with urlopen(f"{stack.url}{path}", timeout=20) as answer:
            assert "/login/" in answer.url
    for path in ("/healthz", "/readyz"):
        with urlopen(f"{stack.url}{path}", timeout=20) as answer:
            assert answer.status == 200


def expect_a_crashed_part_to_come_back(stack: Stack, words: str, name: str) -> None:
    pids = stack.processes(words)
    before = stack.log.read_text().count(f"{name} was ended by SIGKILL; starting it again")
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: stack.log.read_text().count(f"{name} was ended by SIGKILL; starting") > before, stack)
    until(lambda: stack.processes(words), stack)
    assert not set(pids) & set(stack.processes(words))
    until(stack.ready, stack)


def expect_nothing_left(stack: Stack, ports: list[int]) -> None:
    running = " ".join(left_over(stack.home, ports))
    assert "postgres" in running
    assert "valkey" in running
    assert stack.stop() == 0
    assert stack.log.read_text().rstrip().endswith("Stopped.")
    assert left_over(stack.home, ports) == []


def test_a_stack_starts_recovers_stops_and_starts_again_with_all_it_had(home):
    first = Stack(home)
    with first:
        expect_alive(first)
        expect_pages(first)
        expect_a_stranger_sees_nothing(first)
        for words in PARTS:
            assert first.processes(words), f"nothing runs {words}"
        expect_a_crashed_part_to_come_back(first, "uvicorn", "web")
        expect_pages(first)
        state, demo, results = first.state(), first.rows(DEMO), first.rows(RESULTS)
        account = first.rows("SELECT id, password FROM auth_user")
        assert account[0]["password"].startswith("bcrypt_sha256$")
        ports = ports_of(state)
        expect_nothing_left(first, ports)
    said = first.log.read_text()
    assert PASSWORD not in said
    for secret in (state["secret_key"], state["vault_keys"]):
        assert secret not in said

    with Stack(home, MERIDIAN_ADMIN_PASSWORD="another, which is not taken") as second:
        assert second.state() == state
        assert second.rows(DEMO) == demo
        assert second.rows("SELECT id, password FROM auth_user") == account
        kept = second.rows(RESULTS)
        assert [row for row in kept if row in results] == results
        expect_pages(second)
        expect_nothing_left(second, ports)
