"""When something is to start again: every so many seconds, or by a cron line in a time zone. Pure, without a database."""

from datetime import datetime
from typing import Protocol

from probes.timing.cron import Cron, Moved
from probes.timing.interval import Every
from probes.timing.problems import TimingError
from probes.timing.zones import require_zone

__all__ = ["Cron", "Every", "Moved", "Timing", "TimingError", "require_zone"]


class Timing(Protocol):
    """Starts are aware UTC."""

    def after(self, moment: datetime) -> datetime:
        """The first start after this moment."""

    def until(self, moment: datetime) -> datetime:
        """The last start at this moment or before."""
