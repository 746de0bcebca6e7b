"""Which queue a probe waits in: one pair a vantage, because load must never delay latency."""

from probes.engine.outcome import Kind

RECORD = "record"
HOUSEKEEPING = "housekeeping"
ASSISTANT = "assistant"

RETRY = {"max_retries": 40, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 2.0}
"""How handing over waits for the broker: about a minute, longer than one takes to come back."""


def queue_for(vantage: str, kind: Kind) -> str:
    return f"load.{vantage}" if kind == "load" else f"probes.{vantage}"


def queues_of(vantage: str) -> list[str]:
    return [f"probes.{vantage}", f"load.{vantage}"]
