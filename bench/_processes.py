"""What a running stack costs: CPU and memory of our own processes, and of its PostgreSQL and Valkey beside them."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.rigs.stack import Stack

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far, of children that ended too; memory in bytes, what is shared counted once."""

    by_part: dict[str, float]
    ours_memory: float
    servers_cpu: float

    @property
    def ours_cpu(self) -> float:
        return sum(self.by_part.values())


def usage_of(stack: Stack) -> Usage:
    assert stack.process is not None
    family = _family(stack.process.pid)
    ours = [pid for pid in family if "python" in _command(pid)[0]]
    servers = [pid for pid in family if pid not in ours]
    by_part: dict[str, float] = {}
    for pid in ours:
        part = _part(pid)
        by_part[part] = by_part.get(part, 0.0) + _cpu(pid)
    return Usage(by_part, sum(map(_memory, ours)), sum(map(_cpu, servers)))


def _part(pid: int) -> str:
    words = _command(pid)
    hosts = [word.removesuffix("@%h") for word in words if word.endswith("@%h")]
    known = [name for name in ("uvicorn", "beat") if name in words]
    return (hosts or known or ["up"])[0]


def _family(pid: int) -> list[int]:
    """A process and everything below it."""
    found = [pid]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    return found


def _command(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return [""]


def _cpu(pid: int) -> float:
    """Its own and that of its children that ended and were waited for."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    return 0.0


def _memory(pid: int) -> float:
    with suppress(OSError):
        lines: Iterable[str] = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(1024.0 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return 0.0
