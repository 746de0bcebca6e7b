"""A server that speaks Ollama's HTTP API as its documentation has it (docs/api.md of ollama/ollama, 2025, and the
messages that its server sends with errors), with models that say what a test tells them to.

`GET /api/tags` lists models; `POST /api/chat` streams newline-delimited JSON in chunks: objects with ``message`` and
``done: false``, tool calls in ``message.tool_calls``, and a last one with ``done: true``, ``done_reason`` and
durations. A model that is not there is a 404, one that cannot call tools a 400, too little memory a 500, each with
``{"error": …}``; amid a stream an error is a line of the same form. A client that closes its connection ends it.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

MODEL = "qwen2.5:7b"
Step = Mapping[str, Any] | bytes | float | Callable[[], Mapping[str, Any]]
"""A line of the stream; raw bytes; seconds to wait; or a line that is made when its turn has come."""
Turn = Iterable[Step]


def says(*words: str) -> list[dict[str, Any]]:
    return [{"message": {"role": "assistant", "content": word}, "done": False} for word in words]


def calls(name: str, times: int = 1, **arguments: object) -> list[dict[str, Any]]:
    call = {"function": {"name": name, "arguments": arguments}}
    return [{"message": {"role": "assistant", "content": "", "tool_calls": [call] * times}, "done": False}]


def ends(reason: str = "stop") -> list[dict[str, Any]]:
    counts = {"total_duration": 5_191_566_416, "prompt_eval_count": 26, "eval_count": 298}
    message = {"role": "assistant", "content": ""}
    return [{"message": message, "done": True, "done_reason": reason, **counts}]


def answer(*words: str) -> list[dict[str, Any]]:
    """A whole turn."""
    return says(*words) + ends()


def cuts() -> Mapping[str, Any]:
    """A step at which the server dies."""
    raise ConnectionResetError


@dataclass
class Failure:
    """An answer with an HTTP status other than 200."""

    status: int
    error: str
    headers: Mapping[str, str] = field(default_factory=dict)


OUT_OF_MEMORY = Failure(500, "model requires more system memory (5.3 GiB) than is available (4.4 GiB)")
NO_TOOLS = Failure(400, "registry.ollama.ai/library/gemma:latest does not support tools")


class Ollama:
    """Started by entering it. Each request takes the next of ``turns``; the last one stays."""

    def __init__(self, *turns: Turn | Failure, models: Mapping[str, int] | None = None) -> None:
        self.turns: list[Turn | Failure] = list(turns) or [answer("Hello.")]
        self.models = {MODEL: 4_683_087_332} if models is None else dict(models)
        self.headers: list[Mapping[str, str]] = []
        self.requests: list[dict[str, Any]] = []
        self.tags: bytes | None = None
        """What the list of models is answered with instead."""
        self.dripping = 0.0
        """Seconds between the bytes of the list of models, which then never ends."""
        self.left = threading.Event()
        """Set when a client closed its connection amid a stream."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"rig": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def turn(self, request: Mapping[str, Any]) -> Turn | Failure:
        return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]


class _Handler(BaseHTTPRequestHandler):
    rig: Ollama
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        if self.path != "/api/tags":
            self._json(404, {"error": "404 page not found"})
            return
        if self.rig.dripping:
            self._drip()
            return
        if self.rig.tags is not None:
            self._body(200, self.rig.tags)
            return
        listed = [{"name": name, "model": name, "size": size} for name, size in self.rig.models.items()]
        self._json(200, {"models": listed})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.rig.requests.append(request)
        self.rig.headers.append(dict(self.headers))
        name = request["model"]
        if name not in self.rig.models:
            self._json(404, {"error": f"model '{name}' not found"})
            return
        turn = self.rig.turn(request)
        if isinstance(turn, Failure):
            self._json(turn.status, {"error": turn.error}, turn.headers)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for step in turn:
                if isinstance(step, float):
                    self._wait(step)
                else:
                    self._look()
                    line = _line(step, name)
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
            self.rig.left.set()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._look()
            time.sleep(min(0.01, left))

    def _look(self) -> None:
        """Raises BrokenPipeError when the client is gone, which shows as the end of what it sends."""
        if self.rig.closing.is_set():
            raise BrokenPipeError
        self.connection.setblocking(False)
        try:
            gone = self.connection.recv(1) == b""
        except BlockingIOError:
            gone = False
        finally:
            self.connection.setblocking(True)
        if gone:
            raise BrokenPipeError

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            while True:
                self._wait(self.rig.dripping)
                self.wfile.write(b" ")
        except OSError:
            self.close_connection = True

    def _json(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        self._body(status, json.dumps(body).encode(), headers)

    def _body(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _line(step: Step, model: str) -> bytes:
    if isinstance(step, bytes):
        return step
    line = step() if callable(step) else step
    assert not isinstance(line, float)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"model": model, "created_at": created, **line}).encode() + b"\n"
