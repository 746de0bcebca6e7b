"""Python's garbage collector, in processes that load much and run for long."""

import gc

SELDOM = 10_000
"""So many new objects before the collector looks at them. Python's own 700 are a few rows of a list."""


def set_loaded_aside() -> None:
    """What is loaded by now stays, so nothing is gained by looking at it again.

    Each full collection did: 70 ms in the middle of a request, and in a worker's child memory that it shared until then.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
