"""Splits what a server sends into protocol messages, however the bytes are cut into chunks."""

import struct
from collections.abc import Callable, Iterator

_HEADER = struct.Struct("!Bi")
_NONE = -1


class MessageReader:
    """Yields each message as its last byte arrives.

    ``on_header(kind, length)`` sees each header as soon as it is complete and raises to refuse the message
    before its body is taken in. Only bodies of the kinds in ``keep`` are collected; others come as b"".
    """

    def __init__(self, on_header: Callable[[int, int], None], keep: bytes) -> None:
        self._on_header = on_header
        self._keep = keep
        self._head = bytearray()
        self._body = bytearray()
        self._kind = _NONE
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        position = 0
        while True:
            if self._kind == _NONE:
                missing = _HEADER.size - len(self._head)
                self._head += data[position : position + missing]
                position += missing
                if len(self._head) < _HEADER.size:
                    return
                self._begin()
            taken = data[position : position + self._left]
            position += len(taken)
            self._left -= len(taken)
            if self._kind in self._keep:
                self._body += taken
            if self._left:
                return
            yield self._finish()

    def _begin(self) -> None:
        kind, length = _HEADER.unpack(self._head)
        self._head.clear()
        self._on_header(kind, length)
        self._kind, self._left = kind, length - 4

    def _finish(self) -> tuple[int, bytes]:
        message = self._kind, bytes(self._body)
        self._kind = _NONE
        self._body.clear()
        return message


def error_fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse by their one-letter names; what is not UTF-8 is replaced."""
    fields = {}
    for part in body.split(b"\0"):
        if part:
            fields[chr(part[0])] = part[1:].decode("utf-8", "replace")
    return fields
