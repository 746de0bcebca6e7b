"""Runs that are asked for again and again: who may keep them, what they test, and each tick exactly once."""

from probes.schedules.changing import StillGoing, change, check, create, delete, pause, resume, run_now
from probes.schedules.drafts import Draft
from probes.schedules.targets import targets_of
from probes.schedules.ticking import tick

__all__ = [
    "Draft",
    "StillGoing",
    "change",
    "check",
    "create",
    "delete",
    "pause",
    "resume",
    "run_now",
    "targets_of",
    "tick",
]
