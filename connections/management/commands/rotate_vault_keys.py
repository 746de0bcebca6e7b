from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connections.rotation import rotate_all


class Command(BaseCommand):
    help = (
        "Seal every stored secret with the first key of MERIDIAN_VAULT_KEYS. Without downtime: add the new key at "
        "the end of the list everywhere and restart; move it to the front and restart; run this; remove the old key."
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
