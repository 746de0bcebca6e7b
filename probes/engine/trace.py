"""What one connection went through: the phase under way, the time of each, the addresses tried."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from probes.engine.certificate import Certificate
from probes.engine.outcome import Phase, Server, Timings


class Trace:
    """Kept while a connection is opened, so that a failure at any point still says how far it came.

    ``der`` is the server's certificate as it came; ``verified`` is whether its signature was checked.
    """

    def __init__(self) -> None:
        self.phase: Phase = "dns"
        self.server = Server()
        self.attempts: list[dict[str, Any]] = []
        self.tls_refused = False
        self.der = b""
        self.verified = False
        self._started = time.perf_counter()
        self._ended: float | None = None
        self._spent: dict[Phase, float] = {}

    @contextmanager
    def during(self, phase: Phase) -> Iterator[None]:
        """Times the block as ``phase``, whether it succeeds or fails."""
        self.phase = phase
        started = time.perf_counter()
        try:
            yield
        finally:
            self.record(phase, time.perf_counter() - started)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Our own preparations: they are part of no phase, nor of the total."""
        self.phase = "worker"
        started = time.perf_counter()
        try:
            yield
        finally:
            self._started += time.perf_counter() - started

    def tried(self, address: str, failed: str) -> None:
        """Notes an attempt to connect; ``failed`` is its code, or empty."""
        self.attempts.append({"address": address, "failed": failed, "ms": _ms(self._spent["tcp"])})

    def record(self, phase: Phase, seconds: float) -> None:
        self._spent[phase] = seconds

    def leave_out(self, phase: Phase, seconds: float) -> None:
        """What we needed ourselves during a phase: it is neither part of that, nor of the total."""
        self._spent[phase] -= seconds
        self._started += seconds

    def restart(self) -> None:
        """Another connection follows: only the name's resolution still counts."""
        self._spent = {phase: seconds for phase, seconds in self._spent.items() if phase == "dns"}
        self.server = Server()
        self.der = b""

    def certificate(self) -> Certificate | None:
        """The server's, or None without TLS. It is read only now: nothing that is timed should wait for it."""
        return Certificate.read(self.der, verified=self.verified) if self.server.tls_version else None

    def end(self) -> None:
        """What happens from here on is not part of the total."""
        self._ended = self._ended or time.perf_counter()

    def timings(self) -> Timings:
        spent: dict[str, float] = {phase: _ms(seconds) for phase, seconds in self._spent.items()}
        return Timings(**spent, total=_ms((self._ended or time.perf_counter()) - self._started))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
