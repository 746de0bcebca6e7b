import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that probes run on; that connecting works on another too is tested where connecting is."""
    return {"uvloop": uvloop.new_event_loop}
