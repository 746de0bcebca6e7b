"""Runs the engine directly from this machine: no queue, no history, no other part needed for a DSN."""

import asyncio
import json
import sys
from argparse import ArgumentParser
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar, cast

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from connections import dsn, vault
from connections.models import Connection
from probes import switches
from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint, SslMode
from probes.engine.outcome import Outcome
from probes.engine.plan import PlanError
from probes.jobs import Target, database_at, database_of, endpoint_of
from probes.management.terminal import certificates, kinds, scratch
from probes.management.terminal.bar import Bar
from probes.management.terminal.outcomes import readable

SCRATCH = "scratch"
INTERRUPTED = 130
"""As a shell tells that Ctrl-C ended a command."""

Answer = TypeVar("Answer")


class Command(BaseCommand):
    help = (
        "Tests one database from this machine and prints what was measured. Exit code 0: it works; 1: it does not; "
        "2: the question could not be asked; 130: Ctrl-C ended it, unless a load test had measured something to show. "
        "Prefer a stored connection's name: a DSN shows in the process list. A DSN takes its certificates from the files "
        "that --sslrootcert, --sslcert and --sslkey name. "
        "With --json it prints one object: ok, kind, started, finished, failure (code, phase, hint, message, "
        "sqlstate), timings in ms by phase, summary (samples, failures, min, mean, p50, p95, p99, max, stddev, rate), "
        "server, strained, and detail, which depends on the kind; the certificate of a connection with TLS is in it."
    )

    # A DSN needs neither keys nor a database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        chosen = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
        for name, kind in kinds.KINDS.items():
            options = chosen.add_parser(name, help=kind.help, description=kind.help)
            _add_common(options)
            kind.add_arguments(options)
        table = chosen.add_parser(SCRATCH, help=scratch.HELP, description=scratch.HELP)
        scratch.add_arguments(table)
        _add_common(table)

    def handle(self, *args: Any, **options: Any) -> None:
        text = sys.stdin.readline().strip() if options["target"] == "-" else options["target"]
        connection = None if dsn.looks_like_one(text) else connection_by_name(text)
        _require_switched_on(_kind_of(options), connection)
        target = _saved(connection, options) if connection else _typed(text, options)
        rules = EgressRules.denying(settings.EGRESS_DENY)
        if options["kind"] == SCRATCH:
            failure = _answer(scratch.run(target.endpoint, options, rules))
            self.stdout.write(scratch.told(failure, options))
            sys.exit(1 if failure else 0)
        outcome = _answer(_probe(options["kind"], target, options, rules))
        self.stdout.write(
            json.dumps(outcome.as_dict(), default=str) if options["json"] else readable(outcome)
        )
        sys.exit(0 if outcome.ok else 1)


def _add_common(parser: ArgumentParser) -> None:
    parser.add_argument(
        "target",
        metavar="NAME-OR-DSN",
        help="a stored connection's name, or postgresql://…; - reads it from standard input",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    certificates.add_arguments(parser)


async def _probe(kind: str, target: Target, options: dict[str, Any], rules: EgressRules) -> Outcome:
    with Bar(sys.stderr) as bar:
        return await kinds.KINDS[kind].run(target, options, rules, bar)


def _answer(asking: Coroutine[Any, Any, Answer]) -> Answer:
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(asking)
    except PlanError as error:
        raise _refused(error) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise CommandError("Stopped.", returncode=INTERRUPTED) from None


def _refused(error: PlanError) -> CommandError:
    return CommandError(f"--{error.field.replace('_', '-')}: {error.message}", returncode=2)


def _kind_of(options: dict[str, Any]) -> str:
    """What the switches know it by. A scratch table is for load tests; to drop it is open to whoever may connect."""
    if options["kind"] != SCRATCH:
        return str(options["kind"])
    return "load" if options["action"] == "create" else "connection"


def _require_switched_on(kind: str, connection: Connection | None) -> None:
    """Raises `CommandError`. What nobody saved belongs to no region."""
    region = connection.region.code if connection and connection.region else ""
    if switch := switches.closed(kind, region):
        raise CommandError(switches.reason(switch), returncode=2)


def _typed(text: str, options: Mapping[str, Any]) -> Target:
    endpoint = endpoint_from_dsn(text, options)
    return Target(key=0, endpoint=endpoint, database=database_at(endpoint))


def _saved(connection: Connection, options: Mapping[str, Any]) -> Target:
    if any(options[name] for name in certificates.RULES):
        raise CommandError(
            f"A stored connection has its own certificates. {certificates.FOR_A_DSN}", returncode=2
        )
    endpoint = endpoint_of_saved(connection)
    return Target(key=connection.pk, endpoint=endpoint, database=database_of(connection))


def endpoint_from_dsn(text: str, options: Mapping[str, Any]) -> Endpoint:
    try:
        parsed, files = dsn.parse(text), certificates.given(options)
    except dsn.DsnError as error:
        named = any(name in text for name in certificates.RULES)
        hint = f" {certificates.FOR_A_DSN}" if named else ""
        raise CommandError(f"{error.field}: {error.message}{hint}", returncode=2) from error
    except PlanError as error:
        raise _refused(error) from error
    return Endpoint(
        host=parsed.host,
        port=parsed.port,
        database=parsed.database,
        user=parsed.user,
        password=parsed.password,
        sslmode=cast(SslMode, parsed.sslmode or dsn.DEFAULT_SSLMODE),
        connect_timeout=float(parsed.connect_timeout or dsn.DEFAULT_CONNECT_TIMEOUT),
        pooled=bool(parsed.pooled),
        application_name="meridian/command",
        sslrootcert=files["sslrootcert"],
        sslcert=files["sslcert"],
        sslkey=files["sslkey"],
    )


def connection_by_name(name: str) -> Connection:
    try:
        connection = Connection.objects.select_related("region", "twin").named(name).first()
    except OperationalError as error:
        raise CommandError(
            "Meridian's own database does not answer, so names cannot be looked up. Start it, or pass a DSN.",
            returncode=2,
        ) from error
    if connection is None:
        raise CommandError(
            "No connection has that name. Pass the name as the list shows it, or a DSN.", returncode=2
        )
    return connection


def endpoint_of_saved(connection: Connection) -> Endpoint:
    try:
        return endpoint_of(connection, "command")
    except vault.VaultError as error:
        raise CommandError(str(error), returncode=2) from error
