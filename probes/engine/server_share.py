"""How much of a round trip is the server's own work, where that can be told."""

import asyncio
import contextlib
import statistics
from collections.abc import Sequence

from probes.engine.errors import ProbeError
from probes.engine.wire import SYNC, Wire

_PAIRS = 50
_SECONDS = 2.0
_CERTAIN = 3.0


async def server_share(wire: Wire, statement: bytes, *, pairs: int) -> float | None:
    """Milliseconds that the server spends on ``statement``, or None if the network hides it.

    A Sync alone makes the same way through the same processes but executes nothing. Both are asked in turn,
    back to back, so that they meet the same network and the same warm caches; the median of the differences
    counts if it is three times its standard error. At most two seconds and 50 pairs.
    """
    differences: list[float] = []
    with contextlib.suppress(ProbeError, TimeoutError):
        async with asyncio.timeout(_SECONDS):
            while len(differences) < min(pairs, _PAIRS):
                empty = await wire.ask(SYNC)
                differences.append(await wire.ask(statement) - empty)
    share = certain_median(differences)
    return None if share is None else round(share * 1000, 4)


def certain_median(differences: Sequence[float]) -> float | None:
    """The median if it is positive and clear of the noise, told by the median absolute deviation."""
    if len(differences) < 10:
        return None
    middle = statistics.median(differences)
    deviation = statistics.median(abs(difference - middle) for difference in differences)
    error = 1.2533 * 1.4826 * deviation / len(differences) ** 0.5
    return middle if middle > _CERTAIN * error else None
