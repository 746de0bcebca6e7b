"""Personal tokens, by which programs use the API in somebody's name."""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

BEGINNING = "mrd"
PREFIX_LENGTH = 12
SECRET_BYTES = 32
LONGEST = 120
"""Characters of an Authorization header that are worth looking at."""
USED_LATELY = timedelta(minutes=1)
"""How exactly the last use is known: writing it at every request would cost more than most requests."""
MOST_DAYS = 366
DAYS = 90


class TokenQuerySet(models.QuerySet["ApiToken"]):
    def working(self) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True)


class ApiToken(models.Model):
    """What somebody's program shows instead of a password: ``mrd_<prefix>_<secret>``, shown once and kept as a digest.

    The digest is a single SHA-256. bcrypt is slow so that passwords, which people choose, cannot be guessed from a stolen
    table; 256 random bits cannot be guessed at any speed, and bcrypt would cost every request a tenth of a second.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(
        max_length=64,
        help_text="What it is for, so that you know which one to revoke.",
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]*$", "Leave out line breaks and control characters.")],
    )
    prefix = models.CharField(max_length=PREFIX_LENGTH, unique=True, editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="token_named"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="token_expires_later"),
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<ApiToken {self.prefix} {self.name!r}>"

    @classmethod
    def issue(cls, user: models.Model, name: str, days: int) -> tuple[Self, str]:
        """A new token and its text, which nobody can find out again."""
        # Letters and digits only: the parts of a token stand between underscores.
        prefix, secret = secrets.token_hex(PREFIX_LENGTH // 2), secrets.token_hex(SECRET_BYTES)
        expires_at = timezone.now() + timedelta(days=days)
        token = cls.objects.create(
            user=user, name=name, prefix=prefix, digest=_digest(secret), expires_at=expires_at
        )
        return token, f"{BEGINNING}_{prefix}_{secret}"

    @classmethod
    def of_text(cls, text: str) -> Self | None:
        """The working token that this text is, with its user; one query."""
        beginning, _, rest = text[:LONGEST].partition("_")
        prefix, _, secret = rest.partition("_")
        if beginning != BEGINNING or len(prefix) != PREFIX_LENGTH or not text.isascii() or "\0" in text:
            return None
        token = cls.objects.working().select_related("user").filter(prefix=prefix).first()
        if token is None or not hmac.compare_digest(bytes(token.digest), _digest(secret)):
            return None
        return token

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "Revoked"
        return "Expired" if self.expires_at <= timezone.now() else "Works"

    @property
    def works(self) -> bool:
        return self.state == "Works"

    def revoke(self) -> None:
        """From now on it is refused. Revoking it again changes nothing."""
        type(self).objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now())

    def note_use(self, now: datetime) -> None:
        """Remembers when it was used, at most once a minute, and only one of many requests at a time."""
        if self.last_used_at and now - self.last_used_at < USED_LATELY:
            return
        type(self).objects.filter(pk=self.pk, last_used_at=self.last_used_at).update(last_used_at=now)
        self.last_used_at = now


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
