"""A progress bar for a person at a terminal; silent everywhere else."""

import time
from types import TracebackType
from typing import Self, TextIO

_WIDTH = 30
_REDRAW_SECONDS = 0.1


class Bar:
    """One line on ``stream`` that is redrawn in place and gone at the end. Use as a context manager."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._drawn_at = float("-inf")
        self._length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("")

    def show(self, share: float, text: str) -> None:
        """``share`` of the whole, 0 to 1, and a few words beside it."""
        if time.monotonic() - self._drawn_at < _REDRAW_SECONDS:
            return
        self._drawn_at = time.monotonic()
        filled = round(min(max(share, 0.0), 1.0) * _WIDTH)
        self._write(f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {text}")

    def _write(self, line: str) -> None:
        if self._shown:
            self._stream.write("\r" + line.ljust(self._length))
            if not line:
                self._stream.write("\r")
            self._stream.flush()
            self._length = len(line)
