"""Everything on one machine, in one command."""

import asyncio
import errno
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.env import Env
from config.stack.console import Console
from config.stack.errors import StackError
from config.stack.launch import Options, run
from config.stack.process import end_with_parent

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Command(BaseCommand):
    help = (
        "Starts PostgreSQL and Valkey unless DATABASE_URL and REDIS_URL name others, prepares the database, and "
        "runs web, worker pools and beat until Ctrl-C. HOST and PORT say where the pages are."
    )
    # The checks ask the database, which is not there yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reload", action="store_true", help="Restart the web process when a file changes."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if "MAKELEVEL" in os.environ:
            # `make up` that is killed must not leave everything running.
            end_with_parent()
        try:
            asyncio.run(run(options_from(Env(os.environ), reload=options["reload"]), Console()))
        except StackError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            if error.errno in _FULL:
                raise CommandError(f"No space left on the disk of {settings.MERIDIAN_HOME}") from error
            raise


def address(env: Env) -> tuple[str, int]:
    """The host and port that the pages are served on. Raises ImproperlyConfigured."""
    return env.text("HOST", "127.0.0.1"), env.number("PORT", 8000, 1, 65535)


def options_from(env: Env, *, reload: bool = False) -> Options:
    """What the environment asks of `up`. Raises ImproperlyConfigured for a value that cannot be read."""
    host, port = address(env)
    return Options(
        home=settings.MERIDIAN_HOME,
        host=host,
        port=port,
        host_name=next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost"),
        vantage=settings.VANTAGE,
        database_url=env.text("DATABASE_URL"),
        redis_url=env.text("REDIS_URL"),
        demo=settings.DEMO and not any(name.startswith("AIVEN_PG_") for name in env.environ),
        reload=reload,
        environment=env.environ,
    )
