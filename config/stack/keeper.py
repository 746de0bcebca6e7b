"""Keeps one part of the process group running, and ends it when asked to."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.stack.console import Console, Lines
from config.stack.errors import StackError
from config.stack.guard import Guard
from config.stack.privilege import Account
from config.stack.process import spawn_options

GRACE = 8.0
"""Seconds that a part has to end after its signal, before its whole process group is killed."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
SETTLED = 10.0
"""A part that ran for so many seconds before it ended is started again as fast as the first time."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process to keep running. Parts of a higher `layer` are stopped before those of a lower."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    layer: int = 1
    prepare: Callable[[], None] | None = None
    """Called before every start."""
    shown: bool = True
    """Whether its output goes to the terminal."""


class Keeper:
    """Keeps one part running until `end`."""

    def __init__(self, part: Part, console: Console, guard: Guard, hurry: asyncio.Event) -> None:
        self.part = part
        self.pid: int | None = None
        self.ends = 0
        self.last_end = ""
        self.last_line = ""
        self._console = console
        self._guard = guard
        self._hurry = hurry
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.part.name}")

    async def end(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            self.last_end = await self._run()
            self.ends += 1
            if self._stopping.is_set():
                return
            if time.monotonic() - began > SETTLED:
                pause = FIRST_PAUSE
            self._console.note(f"{self.part.name} {self.last_end}; starting it again in {pause:.1f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run(self) -> str:
        """Run the part once; returns how it ended, in words."""
        loop = asyncio.get_running_loop()
        output, its_end = os.pipe()
        try:
            if self.part.prepare is not None:
                self.part.prepare()
            process = await asyncio.create_subprocess_exec(
                *self.part.command,
                stdout=its_end,
                stderr=subprocess.STDOUT,
                cwd=self.part.folder,
                env=self.part.environment,
                **spawn_options(self.part.account, self.part.stop_signal),
            )
        except (OSError, StackError) as error:
            os.close(output)
            return f"could not be started: {error}"
        finally:
            os.close(its_end)
        self._guard.watch(process.pid, self.part.stop_signal)
        self.pid = process.pid
        os.set_blocking(output, False)
        lines = Lines()
        loop.add_reader(output, self._read, output, lines)
        try:
            code = await self._until_ended(process)
        finally:
            # Its children may have outlived it, and may hold the pipe.
            kill_group(process.pid)
            self._guard.forget(process.pid)
            self.pid = None
            while self._read(output, lines):
                pass
            self._show(lines.feed(b""))
            loop.remove_reader(output)
            os.close(output)
        return in_words(code)

    async def _until_ended(self, process: asyncio.subprocess.Process) -> int:
        ended = asyncio.create_task(process.wait())
        if not await _first(ended, self._stopping):
            with suppress(ProcessLookupError):
                process.send_signal(self.part.stop_signal)
            hurry = self._hurry if self.part.layer else asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(_first(ended, hurry), GRACE)
            if not ended.done():
                self._console.note(f"{self.part.name} did not end when asked to; killing it")
                kill_group(process.pid)
        return await ended

    def _read(self, output: int, lines: Lines) -> bool:
        """Show what the part has written; False when there is no more for now."""
        try:
            data = os.read(output, 65536)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(output)
        self._show(lines.feed(data))
        return bool(data)

    def _show(self, lines: list[str]) -> None:
        for line in filter(str.strip, lines):
            self.last_line = line.strip()
            if self.part.shown:
                self._console.log(self.part.name, line)


async def _first(ended: asyncio.Task[int], event: asyncio.Event) -> bool:
    """Wait for either; whether the process has ended."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return ended.done()


def kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def in_words(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
