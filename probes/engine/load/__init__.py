"""The load probe: clients that ask as fast as they can, or at a rate, and what became of their statements."""

from probes.engine.load.plan import LoadPlan, Workload
from probes.engine.load.report import LoadProgress
from probes.engine.load.run import run_load
from probes.engine.load.scratch import create_scratch, drop_scratch

__all__ = ["LoadPlan", "LoadProgress", "Workload", "create_scratch", "drop_scratch", "run_load"]
