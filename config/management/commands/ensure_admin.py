"""Makes sure that somebody can sign in."""

import os
import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from config.env import Env

NAME = "admin"


class Command(BaseCommand):
    help = (
        "Creates the administrator 'admin' unless an administrator exists. The password is MERIDIAN_ADMIN_PASSWORD, "
        "or a generated one that is printed this once. An existing password is never changed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for line in ensure_admin():
            self.stdout.write(line)


def ensure_admin() -> list[str]:
    """What a person must know afterwards, as lines to print; nothing when an administrator exists already."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return []
    given = Env(os.environ).text("MERIDIAN_ADMIN_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    users.create_superuser(NAME, password=password)
    if given:
        return [f"Created the administrator {NAME} with the password of MERIDIAN_ADMIN_PASSWORD."]
    return [f"Created the administrator {NAME} with the password {password} (shown this once)."]
