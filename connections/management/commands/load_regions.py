from typing import Any

from django.core.management.base import BaseCommand

from connections.catalogue import load_regions


class Command(BaseCommand):
    help = "Add and correct the regions of the catalogue; regions that people added stay."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{load_regions()} regions are in the catalogue.")
