"""Imported by a worker pool: its connection probe of a database named ``hungry`` takes all memory that it can get.

That of one named ``stuffed`` takes so much that its neighbours may have had too little. A child that is lost is missed
soon, so that nobody waits for it.
"""

from dataclasses import replace
from typing import Any

from probes import claims
from probes.engine import batch
from probes.engine.connection import probe_connection
from probes.engine.endpoint import Endpoint
from probes.engine.outcome import Outcome
from probes.work import memory

_held: list[bytes] = []


async def probe_hungry(endpoint: Endpoint, **kwargs: Any) -> Outcome:
    while endpoint.database == "hungry" or (endpoint.database == "stuffed" and not memory.is_suspect()):
        _held.append(b"x" * (16 << 20))
    return await probe_connection(endpoint, **kwargs)


vars(batch)["probe_connection"] = probe_hungry
claims.BATCH = replace(claims.BATCH, lease=1)
