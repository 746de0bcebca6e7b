import os
from typing import Any

from django.core.management.base import BaseCommand

from connections.aiven import import_from


class Command(BaseCommand):
    help = "Make or update a connection for each AIVEN_PG_<REGION> variable."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in import_from(os.environ) or ["No AIVEN_PG_<REGION> variable is set."]:
            self.stdout.write(line)
