import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' unprivileged account can enter."""
    path = Path(tempfile.mkdtemp(prefix="meridian-stack-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def processes_of(marker: str) -> list[int]:
    """The processes whose command line holds `marker`, zombies left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in line:
                found.append(int(entry.name))
    return found


def eventually(holds: Callable[[], object], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


async def until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Like `eventually` without blocking the event loop. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.02)
