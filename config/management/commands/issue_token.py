"""A token for a program, without a browser."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.models import DAYS, MOST_DAYS, ApiToken


class Command(BaseCommand):
    help = "Makes an API token of a user and prints it, alone on the last line, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--days", type=int, default=DAYS, help=f"How long it works, 1 to {MOST_DAYS}.")
        parser.add_argument("--name", default="command line", help="What it is for.")

    def handle(self, *args: Any, username: str, days: int, name: str, **options: Any) -> None:
        user = get_user_model().objects.filter(username=username).first()
        if user is None:
            raise CommandError(
                f"There is no user {username}. Make one in the admin, or with createsuperuser."
            )
        if not user.is_active:
            raise CommandError(f"The user {username} is not active, so a token of theirs would be refused.")
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days must be from 1 to {MOST_DAYS}.")
        try:
            ApiToken(user=user, name=name, expires_at=timezone.now()).clean_fields(
                exclude=["prefix", "digest"]
            )
        except ValidationError as error:
            raise CommandError(f"--name: {' '.join(error.messages)}") from None
        token, text = ApiToken.issue(user, name, days)
        self.stdout.write(
            f"A token of {username}, until {token.expires_at:%Y-%m-%d %H:%M} UTC, shown this once:"
        )
        self.stdout.write(text)
