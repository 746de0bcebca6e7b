"""Whether the server of a load test is still there: it may cut every connection, or just say nothing any more."""

import time

from probes.engine.endpoint import Endpoint
from probes.engine.load.plan import LoadPlan
from probes.engine.load.tally import Slice

UNCONNECTED_SECONDS = 3.0
"""A test that has had no connection for so long is over."""


class SignsOfLife:
    """``lost`` when no connection is left for three seconds, or clients wait and none is answered for as long as an
    answer may take (``patience``).
    """

    def __init__(self, endpoint: Endpoint, plan: LoadPlan) -> None:
        self.patience = plan.patience(endpoint.connect_timeout)
        self.watch()

    def watch(self) -> None:
        """From now on."""
        self._connected_at = self._answered_at = time.monotonic()

    def take(self, part: Slice) -> None:
        now = time.monotonic()
        if part.connected:
            self._connected_at = now
        if part.done or part.failed or not part.waiting:
            self._answered_at = now

    @property
    def lost(self) -> bool:
        now = time.monotonic()
        return now - self._connected_at > UNCONNECTED_SECONDS or now - self._answered_at > self.patience
