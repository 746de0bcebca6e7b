from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connections.rotation import STEPS, rotate_all


class Command(BaseCommand):
    help = " ".join(
        (
            "Seal every stored secret with the first key of MERIDIAN_VAULT_KEYS. Without downtime:",
            *(f"{number}. {step}" for number, step in enumerate(STEPS, 1)),
        )
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = rotate_all()
        self.stdout.write(f"{done.resealed} connections were sealed with the newest key.")
        for line in done.unreadable:
            self.stderr.write(line)
        if done.unreadable:
            raise CommandError(
                f"{len(done.unreadable)} connections have secrets that no key opens; see above."
            )
        if done.busy:
            raise CommandError(f"{done.busy} connections were being changed; run this again.")
        self.stdout.write("Older keys are no longer needed.")
