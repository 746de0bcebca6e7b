"""What the person at the terminal sees: progress steps, and the parts' log lines under their names."""

import os
import re
import sys
from typing import TextIO

# A log line may quote what a foreign server said; its control characters stay out of the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_COLOURS = ("36", "33", "35", "32", "34", "96", "93", "95")
_LONGEST_LINE = 64 * 1024


def printable(line: str) -> str:
    return _CONTROL.sub("?", line)


class Console:
    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._coloured = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._names: dict[str, str] = {}

    def step(self, text: str) -> None:
        """Something is done."""
        self._write(f"{self._paint('✓', '32')} {text}")

    def note(self, text: str) -> None:
        """Something that the person should know."""
        self._write(f"{self._paint('!', '33')} {text}")

    def say(self, text: str) -> None:
        self._write(text)

    def log(self, name: str, line: str) -> None:
        """One line that the part `name` wrote."""
        if name not in self._names:
            colour = _COLOURS[len(self._names) % len(_COLOURS)]
            self._names[name] = self._paint(f"{name:<9}│", colour)
        self._write(f"{self._names[name]} {printable(line)}")

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _write(self, line: str) -> None:
        try:
            print(line, file=self._stream, flush=True)
        except UnicodeEncodeError:
            print(line.encode("ascii", "replace").decode(), file=self._stream, flush=True)
        except BrokenPipeError:
            # Whoever read our output is gone; that is no reason to stop serving.
            self._stream = open(os.devnull, "w")  # noqa: SIM115 - replaces the stream for good


class Lines:
    """Cuts a stream of bytes into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without their ends; b"" completes the last one."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (not data or len(self._rest) > _LONGEST_LINE):
            whole.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace").rstrip("\r") for line in whole]
