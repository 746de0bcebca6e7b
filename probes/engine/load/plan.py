"""What a load test is asked to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from probes.engine.plan import PlanError, require_choice, require_number, require_whole

Workload = Literal["select1", "point", "range", "mixed", "sql"]
WORKLOADS: tuple[Workload, ...] = get_args(Workload)
Spacing = Literal["even", "random"]
SPACINGS: tuple[Spacing, ...] = get_args(Spacing)

MAX_CLIENTS = 500
MAX_SECONDS = 3600
MAX_RATE = 1_000_000
MAX_STEPS = 50
MAX_SQL = 100_000
MAX_PROCESSES = 16


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """``clients`` connections for ``seconds``. Raises `PlanError`, a ValueError, that names the wrong field.

    Without ``rate`` the loop is closed: each client asks again as soon as it is answered. With it the loop is
    open: that many statements a second begin, and latency counts from when each should have begun. Their
    ``spacing`` is even, or random as that of many independent users is (a Poisson process, as pgbench's).
    ``ramp`` holds rising steps, of clients in a closed loop and of the rate in an open one, which share the time
    evenly. ``sql`` is one's own statement for the workload ``sql``: only for those who may run anything that the
    connection's user may read. ``statement_seconds`` is its timeout. The test stops once more than
    ``max_error_share`` of the statements failed. ``all_slots`` lifts the limit of half the server's free
    connections. ``processes`` share the clients among them; 0 is as many as the test needs (`split.needed`).
    """

    clients: int = 10
    seconds: float = 10.0
    rate: float | None = None
    spacing: Spacing = "even"
    ramp: tuple[float, ...] = ()
    workload: Workload = "select1"
    sql: str = ""
    statement_seconds: float = 5.0
    max_error_share: float = 0.1
    all_slots: bool = False
    processes: int = 0

    def __post_init__(self) -> None:
        require_whole("clients", self.clients, 1, MAX_CLIENTS)
        require_number("seconds", self.seconds, 0.5, MAX_SECONDS)
        if self.rate is not None:
            require_number("rate", self.rate, 0.1, MAX_RATE)
        require_number("statement_seconds", self.statement_seconds, 0.001, 60)
        require_number("max_error_share", self.max_error_share, 0, 1)
        require_whole("processes", self.processes, 0, MAX_PROCESSES)
        require_choice("workload", self.workload, WORKLOADS)
        require_choice("spacing", self.spacing, SPACINGS)
        self._check_ramp()
        self._check_sql()
        if self.processes > self.most_clients:
            raise PlanError("processes", "must not be more than there are clients")

    @property
    def levels(self) -> Sequence[float]:
        """The steps: numbers of clients in a closed loop, rates in an open one. At least one."""
        if self.ramp:
            return self.ramp
        return (self.clients,) if self.rate is None else (self.rate,)

    @property
    def most_clients(self) -> int:
        return int(max(self.levels)) if self.rate is None else self.clients

    def patience(self, connect_timeout: float) -> float:
        """Seconds that an answer may take: as long as connecting, and one's own statement has its timeout on top."""
        return connect_timeout + (self.statement_seconds if self.workload == "sql" else 0.0)

    def _check_ramp(self) -> None:
        if not isinstance(self.ramp, tuple) or len(self.ramp) > MAX_STEPS:
            raise PlanError("ramp", f"must be at most {MAX_STEPS} steps")
        for step in self.ramp:
            if self.rate is None:
                require_whole("ramp", step, 1, MAX_CLIENTS)
            else:
                require_number("ramp", step, 0.1, MAX_RATE)
        if any(after <= before for before, after in zip(self.ramp, self.ramp[1:], strict=False)):
            raise PlanError("ramp", "must rise from step to step")
        if self.ramp and self.seconds / len(self.ramp) < 1:
            raise PlanError("ramp", "needs at least a second for each step")

    def _check_sql(self) -> None:
        if (self.workload == "sql") != bool(self.sql.strip()):
            raise PlanError("sql", "must be given for the workload sql, and for no other")
        # Half a surrogate pair is no character, and nothing that a message can carry.
        sendable = "\0" not in self.sql and not any("\ud800" <= one <= "\udfff" for one in self.sql)
        if len(self.sql) > MAX_SQL or not sendable:
            raise PlanError("sql", f"must be text of at most {MAX_SQL:,} characters, none of them broken")
