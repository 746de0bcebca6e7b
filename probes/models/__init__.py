"""Runs and what became of them."""

from probes.models.keys import RunKey
from probes.models.results import Latest, Measured, Result
from probes.models.runs import MOST_ATTEMPTS, Job, Kind, Run, Vantage, uuid7
from probes.models.schedules import Schedule, ScheduleTick
from probes.models.upkeep import Purge, StaleHour, Upkeep

__all__ = [
    "MOST_ATTEMPTS",
    "Job",
    "Kind",
    "Latest",
    "Measured",
    "Purge",
    "Result",
    "Run",
    "RunKey",
    "Schedule",
    "ScheduleTick",
    "StaleHour",
    "Upkeep",
    "Vantage",
    "uuid7",
]
