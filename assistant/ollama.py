"""Ollama, through its own package: which models it has, and what one of them says, piece by piece.

The client takes no proxy from the environment and follows no redirect, so that what is sent reaches the configured
address and no other. A stream is read by a thread of its own: whoever waits for it can stop at any moment, which
closes the connection, and that is how Ollama learns that it should stop.
"""

import asyncio
import logging
import queue
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import ollama
import pydantic
from django.conf import settings

from assistant.context import ANSWER_SHARE
from assistant.problems import OllamaError, no_model, of_response
from assistant.wire import Bounded, clean

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
LIST_SECONDS = 5.0
FIRST_SECONDS = 120.0
"""Before the first piece: a model of gigabytes is read from disk, and then reads what it was sent."""
IDLE_SECONDS = 45.0
MOST_WORDS = 2_048
"""Tokens that a model may write in one turn, its thinking included; fewer in a small window."""
STUB_BYTES = 1 << 20
"""A model that runs elsewhere is listed with a file of a few hundred bytes."""

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Call:
    """What a model asks of a tool; neither name nor arguments have been checked."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """A step of an answer. ``end`` is Ollama's reason in the last one: ``stop``, or ``length`` when it was cut."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    end: str = ""


class _Listed(pydantic.BaseModel):
    """A model as Ollama lists it. Its package leaves out where one that runs elsewhere does so."""

    model: str = ""
    size: int = 0
    remote_host: str | None = None

    def is_called(self, name: str) -> bool:
        """As Ollama looks for one: capitals do not matter, and ``latest`` need not be said."""
        return self.model.lower() in {name.lower(), f"{name.lower()}:latest"}

    @property
    def runs_elsewhere(self) -> bool:
        return bool(self.remote_host) or self.size < STUB_BYTES or _is_cloud(self.model)


class _List(pydantic.BaseModel):
    models: list[_Listed]


class _Client(ollama.AsyncClient):
    def __init__(self) -> None:
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS, write=LIST_SECONDS, pool=LIST_SECONDS)
        super().__init__(
            settings.OLLAMA_BASE_URL,
            follow_redirects=False,
            trust_env=False,
            timeout=timeout,
            transport=Bounded(),
        )

    async def listed(self) -> list[_Listed]:
        async with asyncio.timeout(LIST_SECONDS):
            return (await self._request(_List, "GET", "/api/tags")).models

    async def refuse_elsewhere(self, name: str) -> None:
        """Raises `OllamaError` for a model that is not there, or that Ollama would only pass on to another host."""
        found = [] if _is_cloud(name) else [one for one in await self.listed() if one.is_called(name)]
        if _is_cloud(name) or any(one.runs_elsewhere for one in found):
            raise OllamaError(
                "elsewhere",
                f"{name} does not run on this machine, and nothing may leave it. Choose another model.",
            )
        if not found:
            raise no_model(name)


def models() -> list[Model]:
    """The models that run on that machine, by name. Raises `OllamaError`."""

    async def listed() -> list[_Listed]:
        client = _Client()
        async with client:
            return await client.listed()

    try:
        found = asyncio.run(listed())
    except FAULTS as error:
        raise _problem(error, settings.OLLAMA_MODEL) from None
    here = (Model(clean(one.model), one.size) for one in found if one.model and not one.runs_elsewhere)
    return sorted(here, key=lambda one: one.name)


class Stream:
    """One turn of a model. Entered, it begins; left, it has ended, and Ollama has stopped.

    >>> with Stream("llama3.1", [{"role": "user", "content": "Why?"}]) as stream:
    ...     piece = stream.next(0.25)
    """

    def __init__(self, model: str, messages: Sequence[Message], tools: Sequence[Message] = ()) -> None:
        self._model, self._messages, self._tools = model, messages, tools
        self._found: queue.SimpleQueue[Piece | OllamaError] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._cancel: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="ollama", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cancel()
        self._thread.join()

    def next(self, seconds: float) -> Piece | None:
        """The next piece, or None when there is none yet after so many seconds. Raises `OllamaError`."""
        try:
            found = self._found.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None
        if isinstance(found, OllamaError):
            raise found
        return found

    def _run(self) -> None:
        asyncio.run(self._read())

    async def _read(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        # The loop may have closed by itself, when there is nothing left to cancel.
        self._cancel = lambda: None if loop.is_closed() else loop.call_soon_threadsafe(task.cancel)
        self._ready.set()
        try:
            await self._forward()
        except asyncio.CancelledError:
            return
        except FAULTS as error:
            self._found.put(_problem(error, self._model))
        except Exception:
            # The edge of this thread: whoever waits for it must hear that it ended.
            logger.exception("Reading from Ollama failed")
            self._found.put(OllamaError("internal", "Reading from Ollama failed, which the log describes."))

    async def _forward(self) -> None:
        seconds, ended = FIRST_SECONDS, False
        async with _Client() as client:
            await client.refuse_elsewhere(self._model)
            pieces = _pieces(client, self._model, self._messages, self._tools)
            while True:
                async with asyncio.timeout(seconds):
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                seconds, ended = IDLE_SECONDS, ended or bool(piece.end)
                self._found.put(piece)
        if not ended:
            self._found.put(OllamaError("cut", "Ollama ended in the middle of the answer. Ask again."))


async def _pieces(
    client: ollama.AsyncClient, model: str, messages: Sequence[Message], tools: Sequence[Message]
) -> AsyncIterator[Piece]:
    most = min(MOST_WORDS, int(settings.OLLAMA_CONTEXT * ANSWER_SHARE))
    stream = await client.chat(
        model,
        messages,
        tools=tools or None,
        stream=True,
        options={"num_ctx": settings.OLLAMA_CONTEXT, "num_predict": most},
    )
    async for part in stream:
        calls = part.message.tool_calls or ()
        yield Piece(
            clean(part.message.content or ""),
            tuple(Call(clean(one.function.name), clean(dict(one.function.arguments))) for one in calls),
            (part.done_reason or "stop") if part.done else "",
        )


def _is_cloud(name: str) -> bool:
    return bool(re.search(r"[:-]cloud$", name, re.IGNORECASE))


FAULTS = (
    OllamaError,
    ollama.ResponseError,
    httpx.HTTPError,
    httpx.InvalidURL,
    pydantic.ValidationError,
    # Of ours: nothing listens. Of JSON: no JSON, another shape than expected, or too deep a one.
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)
"""What reading from Ollama raises, TimeoutError among the OSErrors."""


def _where() -> str:
    """The address without what may be secret in it."""
    try:
        return urlsplit(settings.OLLAMA_BASE_URL).netloc.rpartition("@")[2] or "its address"
    except ValueError:
        return "its address"


def _problem(error: Exception, model: str) -> OllamaError:
    where = _where()
    match error:
        case OllamaError():
            return error
        case ollama.ResponseError():
            return of_response(error.status_code, clean(str(error.error)), model)
        case httpx.ConnectTimeout() | httpx.ConnectError() | ConnectionError():
            return OllamaError(
                "not-running", f"Ollama does not answer at {where}. Start it with `ollama serve`."
            )
        case TimeoutError() | httpx.TimeoutException():
            return OllamaError(
                "timeout", f"{model} said nothing for too long. Ask again, or choose a smaller model."
            )
        case httpx.HTTPError() | OSError():
            return OllamaError(
                "cut", "The connection to Ollama broke in the middle of the answer. Ask again."
            )
        case httpx.InvalidURL():
            return OllamaError(
                "not-running", "OLLAMA_BASE_URL is not an address such as http://127.0.0.1:11434."
            )
        case _:
            return OllamaError(
                "garbled", f"What {where} answered is not what Ollama says. Is OLLAMA_BASE_URL right?"
            )


__all__ = ["Call", "Model", "OllamaError", "Piece", "Stream", "models"]
