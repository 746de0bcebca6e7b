"""Made-up history for benchmarks and demonstrations, marked as such in every row.

It belongs to connections of its own, whose hosts do not exist. The same seed makes the same rows: days that
breathe, distances of real places, incidents with a cause, a drift here and there.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from connections import catalogue
from connections.models import SYNTHETIC, Connection, Region
from probes.history import locks, rollup
from probes.history.refusals import Refused
from probes.history.statements import statement
from probes.history.synthetic_distance import round_trip_ms
from probes.history.synthetic_incidents import Incident, incidents
from probes.history.synthetic_plan import DAY, Plan, Tick, ticks_of, uuid_of
from probes.history.writing import COLUMNS
from probes.models import Job, Result, Run, Vantage

HOME = (50.11, 8.68)
"""Where a vantage without a region stands, as latitude and longitude."""

AT_ONCE = 1000

_CHANCE = (
    "((hashint8extended(tick * 1000003 + pair, %(seed)s * 16 + purpose) & 1048575) + 1) / 1048577.0::float"
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pair:
    """A connection as one vantage sees it."""

    number: int
    connection: Connection
    vantage: str
    base_ms: float


def generate(plan: Plan, *, force: bool = False, say: Say = lambda _: None) -> int:
    """Returns how many results were added; those that were there already stay. Raises `Refused`.

    Does not touch the roll-up: its owner refreshes it afterwards.
    """
    if not force and Result.objects.filter(synthetic=False).exists():
        raise Refused(
            "There are real results here. Synthetic ones beside them would mislead; force it if you must."
        )
    connections = _connections(plan)
    pairs = list(_pairs(plan, connections))
    ticks = list(ticks_of(plan))
    _prepare(plan, pairs, ticks)
    made = 0
    for first, until in _days(ticks):
        made += _fill(plan, pairs, [tick for tick in ticks if first <= tick.at < until])
        say(f"{made:,} results until {until:%Y-%m-%d}")
    _remember_newest(ticks)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE probes_result")
    return made


def _connections(plan: Plan) -> list[Connection]:
    catalogue.load_regions()
    regions = list(Region.objects.order_by("code"))
    chance = random.Random(plan.seed)  # noqa: S311 - repeatable, not secret
    wanted = [_connection(number, chance.choice(regions)) for number in range(1, plan.connections + 1)]
    Connection.objects.bulk_create(wanted, ignore_conflicts=True)
    names = [connection.name for connection in wanted]
    return list(
        Connection.objects.filter(name__in=names, tags__contains=[SYNTHETIC])
        .select_related("region")
        .order_by("name")
    )


def _connection(number: int, region: Region) -> Connection:
    return Connection(
        name=f"synthetic-{number:05d}",
        host=f"synthetic-{number:05d}.invalid",
        database=SYNTHETIC,
        username=SYNTHETIC,
        provider=region.provider,
        region=region,
        tags=[SYNTHETIC],
    )


def _pairs(plan: Plan, connections: Sequence[Connection]) -> Iterator[Pair]:
    number = 0
    for code in plan.vantages:
        vantage, _ = Vantage.objects.select_related("region").get_or_create(code=code)
        place = (vantage.region.latitude, vantage.region.longitude) if vantage.region else HOME
        for connection in connections:
            number += 1
            assert connection.region is not None
            there = (connection.region.latitude, connection.region.longitude)
            yield Pair(number, connection, code, round_trip_ms(place, there))


def _days(ticks: Sequence[Tick]) -> Iterator[tuple[datetime, datetime]]:
    day = ticks[0].at.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= ticks[-1].at:
        yield day, day + DAY
        day += DAY


def _prepare(plan: Plan, pairs: Sequence[Pair], ticks: Sequence[Tick]) -> None:
    """Puts what the rows are made of into temporary tables of this session."""
    found = [
        (pair.number, *_incident_row(incident))
        for pair in pairs
        for incident in incidents(plan.seed, pair.connection, pair.vantage, ticks[0].at, ticks[-1].at)
    ]
    with database.cursor() as cursor:
        cursor.execute(statement("synthetic_material"))
        for name, rows in (
            ("synthetic_pair", [_pair_row(plan, pair) for pair in pairs]),
            ("synthetic_tick", [(tick.number, tick.at, tick.run, tick.kind.value) for tick in ticks]),
            ("synthetic_incident", found),
        ):
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"ANALYZE {name}")


def _incident_row(incident: Incident) -> tuple[object, ...]:
    cause = incident.cause
    why = (cause.code, cause.phase, cause.sqlstate, cause.message, incident.hint)
    return (incident.starts, incident.ends, cause.share, cause.factor, *why)


def _pair_row(plan: Plan, pair: Pair) -> tuple[object, ...]:
    chance = random.Random(f"{plan.seed} {pair.connection.name}")  # noqa: S311 - repeatable, not secret
    drifts = chance.random() < 0.05
    return (
        pair.number,
        pair.connection.pk,
        pair.vantage,
        pair.base_ms,
        chance.uniform(0.03, 0.35),  # how much the day is felt
        chance.uniform(0, 24),  # at which hour
        plan.until - plan.days * DAY * chance.uniform(0.1, 0.6) if drifts else None,
        chance.choice((100, 200, 500)),  # connection limit
        chance.randint(1, 400) * 1024**3,  # bytes
        chance.choice(("15.14", "16.10", "17.6", "18.0")),
    )


def _fill(plan: Plan, pairs: Sequence[Pair], ticks: Sequence[Tick]) -> int:
    """One day's results, and the runs that they belong to."""
    if not ticks:
        return 0
    with transaction.atomic(), database.cursor() as cursor:
        locks.write(cursor)
        parameters = {"seed": plan.seed, "first": ticks[0].number, "last": ticks[-1].number}
        cursor.execute(_results_sql(), parameters)
        made: int = cursor.rowcount
        rollup.mark_stale(cursor, ticks[0].at, ticks[-1].at)
        cursor.execute(
            "SELECT run_id, count(*) FILTER (WHERE NOT ok) FROM probes_result"
            " WHERE issued_at BETWEEN %s AND %s AND synthetic GROUP BY run_id",
            [ticks[0].at, ticks[-1].at],
        )
        _add_runs(plan, pairs, ticks, dict(cursor.fetchall()))
    return made


def _results_sql() -> str:
    chances = ", ".join(f"{_CHANCE.replace('purpose', str(number))} AS u{number}" for number in range(1, 7))
    return statement("synthetic_results").replace("{chances}", chances)


def _add_runs(plan: Plan, pairs: Sequence[Pair], ticks: Sequence[Tick], failed: dict[UUID, int]) -> None:
    Run.objects.bulk_create(
        [
            Run(
                id=tick.run,
                kind=tick.kind,
                params={SYNTHETIC: True},
                source=Run.Source.COMMAND,
                state=Run.State.FINISHED,
                created_at=tick.at,
                finished_at=tick.at,
                total=len(pairs),
                done=len(pairs),
                failed=failed.get(tick.run, 0),
            )
            for tick in ticks
        ],
        ignore_conflicts=True,
        batch_size=AT_ONCE,
    )
    jobs = [
        Job(
            id=uuid_of(plan.seed + place + 1, tick.at),
            run_id=tick.run,
            vantage=code,
            connection_ids=[pair.connection.pk for pair in pairs if pair.vantage == code],
            published_at=tick.at,
            settled_at=tick.at,
        )
        for tick in ticks
        for place, code in enumerate(plan.vantages)
    ]
    Job.objects.bulk_create(jobs, ignore_conflicts=True, batch_size=AT_ONCE)


def _remember_newest(ticks: Sequence[Tick]) -> None:
    """`Latest` learns the last round of each kind."""
    last = {tick.kind: tick for tick in ticks}.values()
    columns = [name for name in COLUMNS if name not in ("connection_id", "vantage", "kind")]
    question = (
        statement("synthetic_latest")
        .replace("{columns}", ", ".join(COLUMNS))
        .replace("{replaced}", ", ".join(f"{name} = excluded.{name}" for name in columns))
    )
    with database.cursor() as cursor:
        cursor.execute(question, {"moments": [tick.at for tick in last], "runs": [tick.run for tick in last]})
