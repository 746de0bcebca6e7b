"""How numbers are written: ``84.2 ms``, ``1.27 s``, ``12.4 k/s``, ``99.95 %``; ``—`` where there is none."""

from typing import Any, Literal

NONE = "—"
Absent = Literal[""] | None
"""Nothing to write: an attribute of a missing object reaches a filter as an empty string."""


def ms(value: float | Absent) -> str:
    if value is None or value == "":
        return NONE
    return f"{value:.1f} ms" if round(value, 1) < 1000 else f"{value / 1000:.2f} s"


def fine(value: float | Absent) -> str:
    """Milliseconds of a measurement that tells more than tenths: ``0.085 ms``, ``2.31 ms``."""
    if value is None or value == "":
        return NONE
    if round(value, 3) < 1:
        return f"{value:.3f} ms"
    return f"{value:.2f} ms" if round(value, 2) < 10 else ms(value)


def count(value: int | Absent) -> str:
    """Whole up to 9,999, then three figures and a unit."""
    if value is None or value == "":
        return NONE
    return f"{value:,}" if value < 10_000 else _scaled(value)


def rate(value: float | Absent) -> str:
    """Per second: ``0.5/s``, ``4,000/s``, ``12.4 k/s``."""
    if value is None or value == "":
        return NONE
    if round(value, 1) < 10:
        return f"{value:.1f}/s".replace(".0/s", "/s")
    return f"{value:,.0f}/s" if round(value) < 10_000 else f"{_scaled(value)}/s"


def _scaled(value: float) -> str:
    scaled = float(value)
    for unit in ("k", "M"):
        scaled /= 1000
        if round(scaled, 1) < 1000:
            return f"{scaled:.1f} {unit}"
    return f"{scaled / 1000:.1f} G"


def share(value: float | Absent) -> str:
    """A share from 0 to 1 as a percentage, that says neither 0 nor 100 of what is not quite that."""
    if value is None or value == "":
        return NONE
    for digits in (1, 2, 3):
        text = f"{100 * value:.{digits}f}"
        if float(text) not in (0, 100) or value in (0, 1):
            break
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def volume(value: float | Absent) -> str:
    """Bytes: ``512 B``, ``3.42 GiB``."""
    if value is None or value == "":
        return NONE
    size = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"


def span(seconds: float | Absent) -> str:
    """A stretch of time: ``0.4 s``, ``40 s``, ``12 min``, ``5 h``, ``3 days``."""
    if seconds is None or seconds == "":
        return NONE
    for unit, length, limit in (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800)):
        if seconds < limit:
            value = seconds / length
            return (
                f"{value:.1f} {unit}" if unit == "s" and value < 10 and value % 1 else f"{value:.0f} {unit}"
            )
    return f"{seconds / 86_400:,.0f} days"


def measured(value: Any, unit: str) -> str:
    """A value that a health check found, with its unit; text stays as it is."""
    match value:
        case None | "":
            return NONE
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return _number(value, unit)
        case _:
            return f"{value} {unit}".strip()


def _number(value: float, unit: str) -> str:
    match unit:
        case "bytes":
            return volume(value)
        case "s":
            return span(value)
        case "ms":
            return fine(value)
        case "%":
            return share(value / 100)
        case _:
            text = f"{value:,.1f}" if isinstance(value, float) and value % 1 else f"{value:,.0f}"
            return f"{text} {unit}".strip()
