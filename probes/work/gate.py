"""The last look at the switches, in the worker: what was accepted may have been switched off meanwhile."""

from datetime import UTC, datetime

from probes import switches
from probes.engine.outcome import Failure, Outcome
from probes.jobs import SealedJob, Target


def shut(job: SealedJob) -> dict[int, Outcome]:
    """What is said instead of probing, by target, of those that are switched off. It may wait for the first word."""
    found = {target.key: closed(job, target) for target in job.targets}
    return {key: _told(job, switch) for key, switch in found.items() if switch}


def closed(job: SealedJob, target: Target) -> str:
    """The key of the switch that keeps this job from this target, or ""."""
    return switches.closed(job.kind, target.region, user=job.asker, everything=job.everything)


def _told(job: SealedJob, switch: str) -> Outcome:
    now = datetime.now(UTC)
    hint = f"{switches.reason(switch)} It was switched off after this was asked for, so nothing was tested."
    failure = Failure(code="switched_off", phase="worker", hint=hint)
    return Outcome(kind=job.kind, started=now, finished=now, failure=failure)
