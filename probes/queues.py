"""Which queue a probe waits in: one pair a vantage, because load must never delay latency."""

from probes.engine.outcome import Kind

RECORD = "record"
HOUSEKEEPING = "housekeeping"
ASSISTANT = "assistant"


def queue_for(vantage: str, kind: Kind) -> str:
    return f"load.{vantage}" if kind == "load" else f"probes.{vantage}"


def queues_of(vantage: str) -> list[str]:
    return [f"probes.{vantage}", f"load.{vantage}"]
