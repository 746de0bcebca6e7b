import json
import sys
from argparse import FileType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections.demo import seed


class Command(BaseCommand):
    help = "Add or correct the demo databases, given as a JSON list."

    def add_arguments(self, parser: CommandParser) -> None:
        # Never as an argument itself: every process of the machine can read arguments.
        parser.add_argument(
            "file", nargs="?", type=FileType(), default=sys.stdin, help="JSON; standard input if absent"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = json.load(options["file"])
        except ValueError as error:
            raise CommandError(f"This is not JSON: {error}") from None
        self.stdout.write(seed(rows))
