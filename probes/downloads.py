"""The history as a file that somebody downloads, for pages and the API."""

import asyncio
import itertools
import threading
from collections.abc import Generator
from typing import Self

from django.http import StreamingHttpResponse
from django.utils import timezone

from probes import history, pooling
from probes.history import Filters, Refused, Window
from probes.history.export_forms import FORMS


def history_as(form: str, filters: Filters, window: Window) -> StreamingHttpResponse:
    """The checks that the filters choose, all of them. Raises `Refused`, and `history.Busy`."""
    if form not in FORMS:
        raise Refused(f"There is no such format; there are {', '.join(FORMS)}.")
    pieces = history.exported(form, filters, window)
    # The first piece opens the connection that the others come through: what fails, fails before the answer begins.
    first = next(pieces)
    # The answer may take minutes.
    pooling.give_back()
    name = f"meridian-history-{timezone.now():%Y%m%dT%H%MZ}.{form}"
    return StreamingHttpResponse(
        _Pieces(first, pieces),
        content_type=FORMS[form].content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


class _Pieces:
    """The pieces of a file, each made in a thread. Closed together with the answer that they belong to."""

    def __init__(self, first: bytes, rest: Generator[bytes]) -> None:
        self._rest = rest
        self._pieces = itertools.chain([first], rest)
        # When the reader leaves, the piece under way is made first: a generator cannot be closed while it runs.
        self._one_at_a_time = threading.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await asyncio.to_thread(self._next)
        if piece is None:
            raise StopAsyncIteration
        return piece

    def _next(self) -> bytes | None:
        with self._one_at_a_time:
            return next(self._pieces, None)

    def close(self) -> None:
        with self._one_at_a_time:
            self._rest.close()
