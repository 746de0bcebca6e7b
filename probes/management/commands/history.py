"""Looks after the history by hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from probes.history import adoption, editions, policies
from probes.history.editions import Edition
from probes.history.facts import facts_of
from probes.history.status import missing, status
from probes.management import synthetic_history


class Command(BaseCommand):
    help = "Shows what the history is kept on, takes up what the server offers, or makes up a history to try it with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        deeds = parser.add_subparsers(required=True, metavar="DEED")
        deeds.add_parser(
            "status", help="edition, chunks, compression, sizes, what waits, and what is missing"
        ).set_defaults(act=show)
        deeds.add_parser(
            "adopt",
            help="make the history a hypertable and so on, as the server allows; may be interrupted and run again",
        ).set_defaults(act=adopt)
        synthetic_history.add_to(deeds)

    def handle(self, *args: Any, **options: Any) -> None:
        options["act"](self, options)


def show(command: BaseCommand, options: dict[str, Any]) -> None:
    found = status()
    for name, text in facts_of(found):
        command.stdout.write(f"{name:22} {text}")
    if found.missing:
        command.stdout.write("\nMissing for more:")
    for sentence in found.missing:
        command.stdout.write(f"- {sentence}")


def adopt(command: BaseCommand, options: dict[str, Any]) -> None:
    before = editions.look()
    if before.edition is Edition.PLAIN:
        raise CommandError("\n".join(["This server has no TimescaleDB.", *missing(before)]))
    if not before.hypertable:
        command.stdout.write(
            f"Moving about {status().rows:,} results into chunks. New ones wait on their queue until it is done."
        )
    try:
        layout = adoption.establish()
    except DatabaseError as error:
        raise CommandError(f"Nothing was changed: {error}") from error
    # What is left over after an interruption here, housekeeping does.
    while policies.agree(timezone.now()):
        command.stdout.write(f"Hours are filled until {policies.filled_until()}.")
    command.stdout.write(f"The history is kept on {layout.edition.value} {layout.version}.")
