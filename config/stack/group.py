"""The process group of `up`: starts named parts, keeps them running, stops them in order.

Every part leads a session of its own. A part that ends is started again, at once at first and ever
more slowly when it keeps ending. Whatever happens to this process, `guard` ends what it leaves.
"""

import asyncio
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from config.stack.console import Console, Lines, printable
from config.stack.errors import StackError
from config.stack.guard import Guard
from config.stack.keeper import Keeper, Part, in_words, kill_group
from config.stack.process import spawn_options


class Group:
    """Use as an async context manager: leaving it stops every part."""

    def __init__(self, console: Console, *, keep_open: Sequence[int] = ()) -> None:
        """`keep_open`: file descriptors that stay open until the last process of the group has ended,
        even when this process is killed (a lock)."""
        self._console = console
        self._keepers: dict[str, Keeper] = {}
        self._hurry = asyncio.Event()
        self._guard = Guard(keep_open)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        self._guard.close()

    def start(self, part: Part) -> None:
        keeper = Keeper(part, self._console, self._guard, self._hurry)
        self._keepers[part.name] = keeper
        keeper.begin()

    async def run_once(self, part: Part, given: bytes) -> None:
        """Run `part` to its end with `given` as its input, and say what it says.

        Raises StackError with its last line when it fails.
        """
        process = await asyncio.create_subprocess_exec(
            *part.command,
            cwd=part.folder,
            env=part.environment,
            **spawn_options(part.account, signal.SIGTERM)
            | {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT},
        )
        self._guard.watch(process.pid, part.stop_signal)
        try:
            last_line = await self._converse(process, given)
            code = await process.wait()
        finally:
            kill_group(process.pid)
            self._guard.forget(process.pid)
        if code != 0:
            raise StackError(f"{part.name} {in_words(code)}: {last_line}")

    async def _converse(self, process: asyncio.subprocess.Process, given: bytes) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(given)
            await process.stdin.drain()
        process.stdin.close()
        lines, last_line = Lines(), ""
        while True:
            data = await process.stdout.read(65536)
            for line in lines.feed(data):
                self._console.say(f"  {printable(line)}")
                last_line = line.strip() or last_line
            if not data:
                return last_line

    def pid(self, name: str) -> int | None:
        """The process id of a part, None between two starts."""
        return self._keepers[name].pid

    def check(self, *, most_ends: int = 0) -> None:
        """Raise StackError when a part has ended more often than `most_ends` times."""
        for name, keeper in self._keepers.items():
            if keeper.ends > most_ends:
                raise StackError(": ".join(filter(None, [f"{name} {keeper.last_end}", keeper.last_line])))

    def hurry(self) -> None:
        """Cut the grace period of parts that hold no data (layer 1 and up)."""
        self._hurry.set()

    async def stop(self) -> None:
        """Stop every part, higher layers first. Returns when no process is left."""
        for layer in sorted({keeper.part.layer for keeper in self._keepers.values()}, reverse=True):
            keepers = [keeper for keeper in self._keepers.values() if keeper.part.layer == layer]
            await asyncio.gather(*(keeper.end() for keeper in keepers))
