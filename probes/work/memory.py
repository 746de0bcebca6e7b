"""The bound on a pool child's memory: a server that makes its client grow ends that one process, not the machine."""

import logging
import os
import resource
import signal
import sys
from typing import NoReturn

logger = logging.getLogger(__name__)

LIMIT_BYTES = 400 << 20
"""Of private memory: with some 60 MB of shared libraries a child stays below 512 MB in all.

RLIMIT_DATA and not RLIMIT_AS: the latter also counts address space that is only set aside, which threads and
allocators do by the hundred megabytes.
"""
SUSPECT_KILOBYTES = 300_000
"""A child that once held so much may have run out of memory in any of its probes. It is replaced after its task."""

_limited = False


def limit() -> None:
    """Bounds this process and the processes that it starts. Only Linux counts what is allocated outside the heap."""
    global _limited
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT_BYTES, LIMIT_BYTES))
        _limited = True


def is_suspect() -> bool:
    """Whether what is found here may be due to our own lack of memory."""
    return _limited and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > SUSPECT_KILOBYTES


def give_up(reason: str) -> NoReturn:
    """Ends this process as if it had been killed, so that its job is looked after as that of any lost worker."""
    logger.critical("This worker child ends: %s", reason)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable: SIGKILL cannot be caught")
