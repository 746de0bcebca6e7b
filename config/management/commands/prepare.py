"""Everything that must hold before the parts start, in one process so that starting again is quick."""

import json
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from config.doctor.database import first_line
from config.management.commands.ensure_admin import ensure_admin
from connections import aiven, catalogue, demo
from probes.models import Vantage
from probes.schedules.defaults import make_first


class Command(BaseCommand):
    help = (
        "Migrates the database, loads the regions, makes the home vantage, the administrator and the first schedules, "
        'and imports AIVEN_PG_* variables. Reads {"demo": [...]} from standard input: the simulated databases to show.'
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rows = self._demo_rows()
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {first_line(error)}") from error
        call_command("migrate", interactive=False, verbosity=0)
        catalogue.load_regions()
        Vantage.objects.get_or_create(code=settings.VANTAGE)
        if settings.FIRST_SCHEDULES:
            make_first()
        for line in [*ensure_admin(), *aiven.import_from(os.environ), demo.seed(rows)]:
            if line:
                self.stdout.write(line)

    def _demo_rows(self) -> list[demo.DemoRow]:
        text = "" if sys.stdin.isatty() else sys.stdin.read()
        try:
            return list(json.loads(text)["demo"]) if text.strip() else []
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError('Standard input must hold JSON such as {"demo": []}.') from error
