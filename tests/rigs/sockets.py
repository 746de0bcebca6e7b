"""The sockets that this process has open."""

import asyncio
import os
import time
from pathlib import Path


async def all_closed(port: int) -> None:
    """Gives the loop its turn, then fails if this process still has a socket that connects to ``port``."""
    deadline = time.monotonic() + 1
    while connected_to(port) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert connected_to(port) == 0


def connected_to(port: int) -> int:
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    inodes = {row[9] for row in rows if int(row[2].rpartition(":")[2], 16) == port}
    return len(links() & {f"socket:[{inode}]" for inode in inodes})


def links() -> set[str]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:
            continue
    return found
