"""What comes from a model's server, kept within bounds: how much in all, how long a line, which characters."""

import math
import re
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import httpx

from assistant.problems import OllamaError

MOST_BYTES = 8 << 20
"""Of one stream. Two thousand tokens, each in a line of its own, take a tenth of it."""
MOST_LINE = 1 << 20
# NUL, which PostgreSQL refuses; other controls; halves of characters.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

Json = TypeVar("Json")


class Bounded(httpx.AsyncHTTPTransport):
    """Ends a response that is too long, or has a line that is, instead of holding all of it in memory."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # Compressed, a small response could unpack to any size.
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        response.headers.pop("Content-Encoding", None)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _BoundedStream(response.stream)
        return response


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = line = 0
        async for chunk in self._stream:
            total += len(chunk)
            begun = chunk.rfind(b"\n") + 1
            line = len(chunk) - begun + (0 if begun else line)
            if total > MOST_BYTES or line > MOST_LINE:
                raise OllamaError("garbled", "Ollama sent more than any answer has, so it was cut off.")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def clean(value: Json) -> Json:
    """The same JSON value without characters and numbers that a database or another request would refuse."""
    return _clean(value)  # type: ignore[no-any-return]


def _clean(value: Any) -> Any:
    match value:
        case str():
            return _UNWANTED.sub("", value.replace("\r\n", "\n"))
        case dict():
            return {_clean(str(key)): _clean(one) for key, one in value.items()}
        case list():
            return [_clean(one) for one in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
