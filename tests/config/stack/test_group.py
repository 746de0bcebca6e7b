import asyncio
import io
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from config.stack import keeper
from config.stack.console import Console, Lines
from config.stack.errors import StackError
from config.stack.group import Group
from config.stack.keeper import Part
from tests.config.stack.conftest import eventually, processes_of, until

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(120)"


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


def part(folder: Path, script: str, name: str = "part", **fields) -> Part:
    """A part that runs `script`; the folder in its arguments makes its processes easy to find."""
    command = [sys.executable, "-c", textwrap.dedent(script), str(folder)]
    return Part(name=name, command=command, environment=dict(os.environ), folder=folder, **fields)


async def test_lines_come_out_under_the_name_of_their_part(folder, said):
    async with Group(Console(said)) as group:
        group.start(
            part(folder, "print('hello\\x1b[2J', flush=True); import time; time.sleep(60)", name="web")
        )
        group.start(part(folder, "import sys; sys.stderr.write('no end of line')", name="beat"))
        await until(lambda: "hello" in said.getvalue() and "no end" in said.getvalue())
    assert "web      │ hello?[2J\n" in said.getvalue()
    assert "beat     │ no end of line\n" in said.getvalue()


async def test_a_part_that_crashed_is_started_again_and_reported(folder, said):
    async with Group(Console(said)) as group:
        group.start(part(folder, "print('ready', flush=True); import time; time.sleep(60)"))
        await until(lambda: "ready" in said.getvalue())
        os.kill(group.pid("part"), signal.SIGKILL)
        await until(lambda: said.getvalue().count("ready") == 2)
    assert "! part was ended by SIGKILL; starting it again in 0.2 s\n" in said.getvalue()
    assert processes_of(str(folder)) == []


async def test_a_part_that_keeps_ending_is_started_ever_more_slowly(folder, said, monkeypatch):
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.05)
    async with Group(Console(said)) as group:
        group.start(part(folder, "raise SystemExit(3)"))
        await until(lambda: "in 0.2 s" in said.getvalue())
        with pytest.raises(StackError, match="part ended with exit code 3"):
            group.check(most_ends=2)
    assert "ended with exit code 3; starting it again in 0.1 s" in said.getvalue()


async def test_children_of_a_crashed_part_end_with_it(folder, said):
    script = f"""
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", {STUBBORN!r}, sys.argv[1]])
        print("ready", flush=True); time.sleep(60)
    """
    async with Group(Console(said)) as group:
        group.start(part(folder, script))
        await until(lambda: "ready" in said.getvalue() and len(processes_of(str(folder))) == 2)
        child = (set(processes_of(str(folder))) - {group.pid("part")}).pop()
        os.kill(group.pid("part"), signal.SIGKILL)
        await until(lambda: child not in processes_of(str(folder)))
    assert processes_of(str(folder)) == []


async def test_parts_are_stopped_layer_by_layer(folder, said):
    script = """
        import signal, sys, time
        def stop(*_): print("stopped", flush=True); sys.exit()
        signal.signal(signal.SIGTERM, stop); print("ready", flush=True); time.sleep(60)
    """
    async with Group(Console(said)) as group:
        for name, layer in (("store", 0), ("worker", 1)):
            group.start(part(folder, script, name=name, layer=layer))
        await until(lambda: said.getvalue().count("ready") == 2)
    assert said.getvalue().index("worker   │ stopped") < said.getvalue().index("store    │ stopped")


async def test_a_part_that_does_not_stop_is_killed_after_its_grace(folder, said, monkeypatch):
    monkeypatch.setattr(keeper, "GRACE", 0.3)
    async with Group(Console(said)) as group:
        group.start(part(folder, "print('ready', flush=True);" + STUBBORN))
        await until(lambda: "ready" in said.getvalue())
        await asyncio.sleep(0.2)
    assert processes_of(str(folder)) == []
    assert "did not end when asked to" in said.getvalue()


async def test_a_second_request_to_stop_does_not_wait_for_the_grace(folder, said):
    async with Group(Console(said)) as group:
        group.start(part(folder, "print('ready', flush=True);" + STUBBORN))
        await until(lambda: "ready" in said.getvalue())
        await asyncio.sleep(0.2)
        group.hurry()
        async with asyncio.timeout(keeper.GRACE / 2):
            await group.stop()
    assert processes_of(str(folder)) == []


async def test_a_part_that_cannot_be_started_is_tried_again(folder, said):
    missing = Part(name="part", command=[str(folder / "program")], environment={}, folder=folder)
    async with Group(Console(said)) as group:
        group.start(missing)
        await until(lambda: "in 0.4 s" in said.getvalue())
        with pytest.raises(StackError, match="could not be started"):
            group.check()


async def test_what_runs_once_is_given_its_input_and_its_last_line_explains_a_failure(folder, said):
    async with Group(Console(said)) as group:
        await group.run_once(part(folder, "import sys; print(sys.stdin.read().upper())"), b"rows")
        with pytest.raises(StackError, match="ended with exit code 1: no such table"):
            await group.run_once(part(folder, "raise SystemExit('no such table')"), b"")
    assert "  ROWS\n" in said.getvalue()


def test_nothing_survives_a_kill_of_the_supervisor(folder):
    supervisor = f"""
        import asyncio, os, sys
        from pathlib import Path
        from config.stack.console import Console
        from config.stack.group import Group
        from config.stack.keeper import Part
        child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}, sys.argv[1]]); "
        child += {STUBBORN!r}
        async def main():
            async with Group(Console()) as group:
                command = [sys.executable, "-c", child, sys.argv[1]]
                group.start(Part(name="part", command=command, environment=dict(os.environ), folder=Path("/")))
                await asyncio.sleep(60)
        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(supervisor), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        assert eventually(lambda: len(processes_of(str(folder))) == 3)
        running.kill()
    assert eventually(lambda: not processes_of(str(folder)))


def test_lines_are_cut_wherever_the_bytes_were():
    lines = Lines()
    assert lines.feed("grüß".encode()[:3]) == []
    assert lines.feed("grüß".encode()[3:] + b"\r\nnext") == ["grüß"]
    assert lines.feed(b"") == ["next"]
    assert len(lines.feed(b"x" * 200_000)) == 1
