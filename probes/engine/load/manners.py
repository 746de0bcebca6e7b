"""How the load client shares the processors with a server on the same machine."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def unhurried() -> Iterator[None]:
    """Lets this process not interrupt others when an answer wakes it: it then finds several at once.

    On an idle processor it wakes as fast as ever. Only Linux knows this; elsewhere nothing changes.
    """
    if not hasattr(os, "SCHED_BATCH"):
        yield
        return
    before, nothing = os.sched_getscheduler(0), os.sched_param(0)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, nothing)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, before, nothing)
