"""Python's garbage collector, in processes that load much and run for long."""

import gc


def set_loaded_aside() -> None:
    """What is loaded by now stays, so nothing is gained by looking at it again.

    Each full collection did: 70 ms in the middle of a request, and in a worker's child memory that it shared until then.
    """
    gc.collect()
    gc.freeze()
