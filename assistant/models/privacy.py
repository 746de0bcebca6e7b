"""What an administrator allowed to be told to the model."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Disclosure(models.Model):
    """One row, or none as long as nothing was allowed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    statements = models.BooleanField(
        "texts of statements",
        default=False,
        help_text="From pg_stat_statements and running sessions. Values in them are always replaced by ?.",
    )
    hosts = models.BooleanField(
        "names and addresses of hosts",
        default=False,
        help_text="Otherwise (host) stands in their place, in servers' messages too.",
    )
    users = models.BooleanField(
        "names of database users",
        default=False,
        help_text="Otherwise (user) stands in their place, in servers' messages too.",
    )
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = verbose_name_plural = "what the model may be told"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="disclosure_is_one")]

    def __str__(self) -> str:
        return "What the model may be told"
