"""What was asked under a key, so that asking again by mistake asks for nothing new."""

from django.conf import settings
from django.db import models

from probes.models.runs import Run


class RunKey(models.Model):
    """The key that somebody asked for a run with, and the digest of what they asked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="run_key_unique")]

    def __str__(self) -> str:
        return self.key
