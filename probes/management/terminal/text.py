"""How single things look in a terminal."""

from collections.abc import Iterable, Sequence


def printable(text: str) -> str:
    """Text from a server without what a terminal would obey."""
    return "".join(char if char.isprintable() else "�" for char in text)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns aligned to the right, two spaces in."""
    every = [header, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(header))]
    return [
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in every
    ]


def milliseconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
