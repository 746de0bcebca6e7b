"""Connection, latency and health probes: many of them in one job."""

from collections.abc import Callable, Sequence

from probes.engine.batch import BatchPlan, kind_of, probe_many
from probes.engine.outcome import Outcome
from probes.jobs import SealedJob, Target
from probes.progress import Report
from probes.work import rules
from probes.work.telling import Teller

Found = Callable[[int, Outcome], None]


class BatchWork:
    measuring = False
    """Always: a probe ends in a moment, or is stopped without a result."""

    def __init__(self, job: SealedJob, plan: BatchPlan, teller: Teller) -> None:
        self._job = job
        self._plan = plan
        self._teller = teller
        self._done = self._total = 0
        self._samples: list[float | None] = []
        self._title = ""

    async def run(self, targets: Sequence[Target], found: Found) -> None:
        endpoints = [(target.key, target.endpoint) for target in targets]
        progress = self._progress if len(self._job.targets) == 1 else None
        async for key, outcome in probe_many(endpoints, self._plan, rules=rules.egress(), progress=progress):
            found(key, outcome)

    def stop(self, reason: str) -> bool:
        """False: a probe that has no result yet gets none."""
        return False

    def _progress(self, key: int, done: int, total: int, latest: float | str | None) -> None:
        self._done, self._total = done, total
        if isinstance(latest, str):
            self._title = latest
        else:
            self._samples.append(latest)
        self._teller.tell(self._report)

    def _report(self) -> Report:
        kind = kind_of(self._plan)
        latest: Report = {"samples": list(self._samples)} if kind == "latency" else {"title": self._title}
        return {"kind": kind, "done": self._done, "total": self._total, **latest}
