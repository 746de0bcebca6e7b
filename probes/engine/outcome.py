"""What a probe found. It worked or it failed: both are outcomes, and neither is an exception."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

Kind = Literal["connection", "latency", "load", "health"]
Phase = Literal["dns", "tcp", "tls", "auth", "query", "worker"]
"""``worker`` is our own side: nothing can be said about the database."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a probe failed.

    ``code`` is stable and machine-readable; ``message`` is the server's or the system's original text
    (untrusted); ``hint`` says in plain words what happened and what to do next.
    """

    code: str
    phase: Phase
    hint: str
    message: str = ""
    sqlstate: str = ""


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Milliseconds in each phase; None when the phase was not reached or does not exist (no TLS, no name).

    ``total`` is all of them and what lies between; what the probe computed itself is left out (see `trace`).
    """

    dns: float | None = None
    tcp: float | None = None
    tls: float | None = None
    auth: float | None = None
    query: float | None = None
    total: float | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Statistics over samples, in milliseconds; ``rate`` is samples a second."""

    samples: int
    failures: int
    min: float | None = None
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    stddev: float | None = None
    rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Server:
    """Facts that the server told or that the socket shows; all of it is untrusted text."""

    version: str = ""
    address: str = ""
    backend_pid: int | None = None
    in_recovery: bool | None = None
    pooler: str = ""
    tls_version: str = ""
    tls_cipher: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One probe of one endpoint. ``started`` and ``finished`` are aware UTC; ``queue_ms`` is the wait before it.

    ``strained`` says that this client, not the server, was the bottleneck, so the figures are not the server's.
    """

    kind: Kind
    started: datetime
    finished: datetime
    failure: Failure | None = None
    timings: Timings = field(default_factory=Timings)
    summary: Summary | None = None
    server: Server = field(default_factory=Server)
    strained: bool = False
    queue_ms: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.failure is None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, for the queue and for ``--json``; `from_dict` reads it back."""
        return {
            **asdict(self),
            "ok": self.ok,
            "started": self.started.isoformat(),
            "finished": self.finished.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        fields = {key: value for key, value in data.items() if key != "ok"}
        return cls(
            **{
                **fields,
                "started": datetime.fromisoformat(data["started"]),
                "finished": datetime.fromisoformat(data["finished"]),
                "failure": Failure(**data["failure"]) if data.get("failure") else None,
                "timings": Timings(**data["timings"]),
                "summary": Summary(**data["summary"]) if data.get("summary") else None,
                "server": Server(**data["server"]),
            }
        )
