from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from probes.timing.problems import TimingError

SHORTEST = 10
LONGEST = 31 * 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Every:
    """Starts at whole multiples of so many seconds since 1970, so that they depend on nothing that may be lost."""

    seconds: int

    def __post_init__(self) -> None:
        if not SHORTEST <= self.seconds <= LONGEST:
            raise TimingError(
                "every_seconds",
                f"The interval must be between {SHORTEST} seconds and {LONGEST // 86_400} days.",
            )

    def after(self, moment: datetime) -> datetime:
        return self.until(moment) + timedelta(seconds=self.seconds)

    def until(self, moment: datetime) -> datetime:
        step = timedelta(seconds=self.seconds)
        return _EPOCH + (moment - _EPOCH) // step * step
