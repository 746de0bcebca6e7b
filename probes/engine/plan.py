"""What a probe's plan may say: each number is checked once, here, and the first wrong one is named."""

import math
from collections.abc import Sequence


class PlanError(ValueError):
    """A field of a plan is not acceptable. ``field`` is its name; the message says what would be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def require_whole(field: str, value: object, low: int, high: int) -> None:
    """`PlanError` unless ``value`` is an int from ``low`` to ``high``."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise PlanError(field, f"must be a whole number from {low:,} to {high:,}")


def require_number(field: str, value: object, low: float, high: float) -> None:
    """`PlanError` unless ``value`` is a finite number from ``low`` to ``high``."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise PlanError(field, f"must be a number from {low:g} to {high:,g}")
    # NaN compares false with everything; an int may be too large to be a float.
    if not (isinstance(value, int) or math.isfinite(value)) or not low <= value <= high:
        raise PlanError(field, f"must be a number from {low:g} to {high:,g}")


def require_choice(field: str, value: object, choices: Sequence[str]) -> None:
    """`PlanError` unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise PlanError(field, f"must be one of {', '.join(choices)}")
