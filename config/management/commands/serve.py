"""The web process alone, as `up` starts it."""

import os
from typing import Any

from django.core.management.base import BaseCommand

from config.env import Env
from config.management.commands.up import address
from config.stack import parts


class Command(BaseCommand):
    help = "Becomes the web process, for DATABASE_URL and REDIS_URL. HOST and PORT say where the pages are."

    def handle(self, *args: Any, **options: Any) -> None:
        part = parts.web(*address(Env(os.environ)), os.environ, reload=False)
        os.chdir(part.folder)
        os.execve(part.command[0], [*part.command], part.environment)  # noqa: S606
