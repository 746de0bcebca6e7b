"""What the housekeeping of the history has to remember."""

from django.db import models


class Upkeep(models.Model):
    """How far the housekeeping is: one row, or none as long as nothing was done."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    watermark = models.DateTimeField(null=True)
    """What came before this moment is read from the roll-up table, the rest from the results."""
    kept_from = models.DateTimeField(null=True)
    """Results before this moment may have been removed, so their hours cannot be rolled up again."""

    class Meta:
        verbose_name = verbose_name_plural = "history"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="upkeep_is_one")]

    def __str__(self) -> str:
        return "History"


class StaleHour(models.Model):
    """An hour below the watermark that results were added to: its roll-up has to be made again."""

    bucket = models.DateTimeField(primary_key=True)

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:00}"


class Purge(models.Model):
    """A deleted connection whose results and roll-ups are still there. Nobody sees them, and housekeeping removes them."""

    connection_id = models.BigIntegerField(primary_key=True)
    asked_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Results of connection {self.connection_id}"
