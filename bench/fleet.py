"""Connection probes a second that schedules sustain, everything included, against a bare asyncpg loop.

The whole stack runs as ``make up`` starts it; the targets are one more PostgreSQL on this machine, under many names,
each with a user of its own, whose password has a salt of its own, as on so many servers. What is measured is a fleet that
has been tested for a while: before the first window each connection is tested some times (``--passes``), so that most
processes of the pool have signed in to it before.
Each schedule tests a hundred connections by their tag, spread evenly over its interval. The rate that is offered rises
until it is no longer sustained: until fewer than 97 % of the probes come back in the window, or a schedule skips
because its last run is still going. Nobody has a page open. The peer, in the same run on the same server, connects,
asks ``SELECT 1`` and closes, twenty at a time, and does nothing else; it derives SCRAM's key at each sign-in, where the
engine keeps it.
"""

import argparse
import asyncio
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import asyncpg
import psycopg
from asyncpg.protocol import protocol as driver

from bench import _peer
from bench._processes import Usage, usage_of
from bench._report import finish, percentile
from probes.engine.endpoint import Endpoint
from tests.rigs.stack import Stack

parser = argparse.ArgumentParser(prog="python -m bench fleet")
parser.add_argument("--connections", type=int, nargs="+", default=[100, 1000, 10_000])
parser.add_argument("--rates", type=int, nargs="+", default=[300, 350, 400, 450, 500, 600])
parser.add_argument("--seconds", type=int, default=30)
parser.add_argument("--passes", type=int, default=12, help="tests of each connection before the first window")

GROUP = 100
SHORTEST_INTERVAL = 10
AT_ONCE = 20
PEER_SECONDS = 4.0
SUSTAINED = 0.97

FLEET = """
import json, sys
from connections.models import Connection
from probes.models import Schedule
asked = json.loads({asked!r})
Connection.objects.all().delete()
seal = Connection()
seal.set_password(asked["password"])
Connection.objects.bulk_create(
    Connection(
        name=f"fleet {{number:05}}", host="127.0.0.1", port=asked["port"], database=asked["database"],
        username=f"fleet_{{number}}", password_sealed=seal.password_sealed, sslmode="disable",
        tags=[f"group {{number // asked['group']}}"],
    )
    for number in range(asked["connections"])
)
"""
USERS = """
DO $$ BEGIN
  FOR number IN 0 .. {last} LOOP
    IF to_regrole('fleet_' || number) IS NULL THEN
      EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', 'fleet_' || number, '{password}');
    END IF;
  END LOOP;
END $$
"""
OFFER = """
import json
from django.utils import timezone
from probes.models import Kind, Schedule
asked = json.loads({asked!r})
made = Schedule.objects.bulk_create(
    Schedule(
        name=f"fleet {{number}}", kind=Kind.CONNECTION, scope=Schedule.Scope.TAGS,
        words=[f"group {{number % asked['groups']}}"], every_seconds=asked["interval"],
        jitter_seconds=asked["interval"],
    )
    for number in range(asked["schedules"])
)
for one in made:
    one.next_at = one.start_after(timezone.now())
Schedule.objects.bulk_update(made, ["next_at"])
"""
QUIET = """
from probes import schedules
from probes.models import Schedule
for one in Schedule.objects.all():
    schedules.delete(one.pk)
"""
COUNTED = """
SELECT count(*)::int AS probes, count(*) FILTER (WHERE NOT ok)::int AS failed
FROM probes_result WHERE finished_at >= to_timestamp(%s) AND finished_at < to_timestamp(%s)
"""
STARTED = """
SELECT extract(epoch FROM min(result.started_at) - tick.at)::float8 AS delay
FROM probes_scheduletick AS tick JOIN probes_result AS result ON result.run_id = tick.run_id
WHERE tick.at >= to_timestamp(%s) AND tick.at < to_timestamp(%s) GROUP BY tick.id
"""
SKIPPED = """
SELECT count(*)::int AS skipped FROM probes_scheduletick
WHERE outcome = 'skipped' AND at >= to_timestamp(%s) AND at < to_timestamp(%s)
"""
OPEN = "SELECT count(*)::int AS open FROM probes_run WHERE finished_at IS NULL"


@dataclass(frozen=True)
class Step:
    """One rate on one fleet: probes a second that were offered and came back, the delay between the moment at which a
    run was due and its first probe, and what it cost.
    """

    connections: int
    offered: float
    probes_per_second: float
    failed: int
    skipped: int
    start_p50_s: float
    start_p99_s: float
    cpu_s_per_1000: float
    cpu_by_part: dict[str, float]
    servers_cpu_s_per_1000: float
    memory_mb: float

    @property
    def sustained(self) -> bool:
        return not self.failed and not self.skipped and self.probes_per_second >= SUSTAINED * self.offered


def main() -> None:
    options = parser.parse_args(sys.argv[2:])
    # The engine, which is imported here, keeps what SCRAM derives. The peer signs in as asyncpg does by itself.
    driver.hashlib = hashlib
    steps: list[Step] = []
    with _peer.target() as target, Stack(MERIDIAN_DEMO="0") as stack:
        peer = [_peer.run(lambda: bare(target.endpoint))]
        for connections in options.connections:
            quiet(stack)
            make_fleet(stack, target, connections)
            steps += climb(stack, connections, options)
        peer.append(_peer.run(lambda: bare(target.endpoint)))
    report(steps, statistics.median(peer))


def climb(stack: Stack, connections: int, options: argparse.Namespace) -> list[Step]:
    steps = list[Step]()
    for rate in options.rates:
        passes = 0 if steps else options.passes
        steps.append(measure(stack, connections, rate, options.seconds, passes))
        show(steps[-1])
        if not steps[-1].sustained:
            break
        quiet(stack)
    return steps


def make_fleet(stack: Stack, target: _peer.Target, connections: int) -> None:
    asked = {
        "connections": connections,
        "group": GROUP,
        "port": target.endpoint.port,
        "database": target.endpoint.database,
        "password": target.endpoint.password,
    }
    with psycopg.connect(target.superuser) as superuser:
        superuser.execute(USERS.format(last=connections - 1, password=target.endpoint.password))
    shell(stack, FLEET, asked)


def shell(stack: Stack, script: str, asked: Mapping[str, object]) -> None:
    stack.shell(script.format(asked=json.dumps(asked)))


def measure(stack: Stack, connections: int, rate: int, seconds: int, passes: int) -> Step:
    interval = max(SHORTEST_INTERVAL, connections // rate)
    schedules = max(1, round(rate * interval / GROUP))
    asked = {"schedules": schedules, "interval": interval, "groups": max(1, connections // GROUP)}
    shell(stack, OFFER, asked)
    time.sleep(max(interval, passes * connections / rate) + 3)
    before, began = usage_of(stack), time.time()
    time.sleep(seconds)
    after, ended = usage_of(stack), time.time()
    # What is on its way is recorded within a moment; it belongs to the window in which it was probed.
    time.sleep(2)
    return step_of(stack, (connections, schedules * GROUP / interval), (began, ended), (before, after))


def step_of(
    stack: Stack, asked: tuple[int, float], window: tuple[float, float], used: tuple[Usage, Usage]
) -> Step:
    [counted] = stack.rows(COUNTED, *window)
    [skipped] = stack.rows(SKIPPED, *window)
    delays = [row["delay"] for row in stack.rows(STARTED, *window)] or [float("nan")]
    thousands = max(counted["probes"], 1) / 1000
    before, after = used
    return Step(
        connections=asked[0],
        offered=round(asked[1], 1),
        probes_per_second=round(counted["probes"] / (window[1] - window[0]), 1),
        failed=counted["failed"],
        skipped=skipped["skipped"],
        start_p50_s=round(statistics.median(delays), 2),
        start_p99_s=round(percentile(delays, 0.99), 2),
        cpu_s_per_1000=round((after.ours_cpu - before.ours_cpu) / thousands, 2),
        cpu_by_part={
            part: round((cpu - before.by_part.get(part, 0.0)) / thousands, 2)
            for part, cpu in after.by_part.items()
        },
        servers_cpu_s_per_1000=round((after.servers_cpu - before.servers_cpu) / thousands, 2),
        memory_mb=round(after.ours_memory / 1e6),
    )


def quiet(stack: Stack) -> None:
    """Ends what is under way, so that each step begins with nothing."""
    shell(stack, QUIET, {})
    deadline = time.monotonic() + 120
    while stack.rows(OPEN)[0]["open"] and time.monotonic() < deadline:
        time.sleep(0.5)


async def bare(endpoint: Endpoint) -> float:
    """Connections with one query a second, twenty at a time, for some seconds."""
    deadline, done = time.monotonic() + PEER_SECONDS, 0

    async def client() -> None:
        nonlocal done
        while time.monotonic() < deadline:
            connection = await asyncpg.connect(
                host=endpoint.host,
                port=endpoint.port,
                user=endpoint.user,
                password=endpoint.password,
                database=endpoint.database,
                ssl=False,
            )
            await connection.fetchval("SELECT 1")
            await connection.close()
            done += 1

    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return done / (time.monotonic() - began)


def show(step: Step) -> None:
    print(
        f"{step.connections:>6,} connections, offered {step.offered:>6.0f}/s: {step.probes_per_second:>6.1f}/s  "
        f"start p50 {step.start_p50_s:.2f} s  p99 {step.start_p99_s:.2f} s  CPU {step.cpu_s_per_1000:.2f} s per 1,000 "
        f"(servers {step.servers_cpu_s_per_1000:.2f})  {step.memory_mb:,.0f} MB  "
        f"failed {step.failed}  skipped {step.skipped}  {step.cpu_by_part}",
        flush=True,
    )


def report(steps: Sequence[Step], peer: float) -> None:
    """The figure is the highest rate that held, on the fleet where that was lowest; 0 when none held there."""
    best = [highest_that_held(steps, connections) for connections in {step.connections for step in steps}]
    worst = min(best, key=lambda step: step.probes_per_second if step else 0.0)
    figure = worst.probes_per_second if worst else 0.0
    print(f"bare asyncpg, {AT_ONCE} at a time: {peer:,.0f}/s")
    finish(
        name="fleet",
        figure=figure,
        unit="probes/s",
        ratio=round(figure / peer, 3),
        peer=f"asyncpg.connect, SELECT 1, close; {AT_ONCE} at a time, SCRAM's key derived each time",
        peer_per_second=round(peer),
        cpu_s_per_1000=worst and worst.cpu_s_per_1000,
        memory_mb=worst and worst.memory_mb,
        start_p99_s=worst and worst.start_p99_s,
        steps=[asdict(step) for step in steps],
    )


def highest_that_held(steps: Sequence[Step], connections: int) -> Step | None:
    held = [step for step in steps if step.connections == connections and step.sustained]
    return max(held, key=lambda step: step.probes_per_second, default=None)
