"""LaunchDarkly's service on this machine: flags over its streaming protocol, and a box for the events that are sent.

Built from the source of the official SDK, launchdarkly-server-sdk 9.18: `impl/datasource/streaming.py` (GET /all with
the SDK key in Authorization answers server-sent events: put with all flags, patch and delete with a path),
`impl/model/feature_flag.py` (what a flag is) and `impl/events/event_processor.py` (POST /bulk with a JSON list).
"""

import gc
import json
import queue
import threading
import warnings
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sdk-00000000-test-test-test-000000000000"


def flag(key: str, value: object, version: int, rules: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A flag that is on and whose default rule gives ``value``; a rule names another variation: 1 is the opposite."""
    return {
        "key": key,
        "version": version,
        "on": True,
        "variations": [value, not value],
        "fallthrough": {"variation": 0},
        "offVariation": 0,
        "rules": rules or [],
        "targets": [],
        "prerequisites": [],
        "salt": key,
    }


def when(attribute: str, value: str) -> dict[str, Any]:
    """A rule: contexts with this value get variation 1."""
    clause = {"attribute": attribute, "op": "in", "values": [value], "contextKind": "user"}
    return {"id": f"{attribute}-{value}", "variation": 1, "clauses": [clause]}


class LaunchDarkly(ThreadingHTTPServer):
    """Use it as a context manager. ``events`` holds every event that arrived, one by one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.silent = False
        self._flags = {key: flag(key, value, 1) for key, value in (values or {}).items()}
        self._streams: list[queue.Queue[bytes | None]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "LaunchDarkly":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.break_off()
        self.shutdown()
        self.server_close()
        _collect_streams()

    def set(self, key: str, value: object, rules: list[dict[str, Any]] | None = None) -> None:
        """Changes one flag, as somebody does in the service."""
        with self._lock:
            version = self._flags.get(key, {}).get("version", 0) + 1
            self._flags[key] = flag(key, value, version, rules)
            self._send("patch", {"path": f"/flags/{key}", "data": self._flags[key]})

    def delete(self, key: str) -> None:
        with self._lock:
            version = self._flags.pop(key)["version"] + 1
            self._send("delete", {"path": f"/flags/{key}", "version": version})

    def break_off(self) -> None:
        """Ends every stream; a client is let in again when it asks, unless ``silent`` is set."""
        with self._lock:
            for stream in self._streams:
                stream.put(None)

    @property
    def streams(self) -> int:
        """How many were opened so far."""
        return len(self._streams)

    def open_stream(self) -> "queue.Queue[bytes | None]":
        stream: queue.Queue[bytes | None] = queue.Queue()
        with self._lock:
            everything = {"path": "/", "data": {"flags": self._flags, "segments": {}}}
            stream.put(_event("put", everything))
            self._streams.append(stream)
        return stream

    def next_event(self, kind: str, seconds: float = 20.0) -> dict[str, Any]:
        """The next event of this kind. Raises `queue.Empty` when none comes."""
        while True:
            event = self.events.get(timeout=seconds)
            if event["kind"] == kind:
                return event

    def _send(self, name: str, data: dict[str, Any]) -> None:
        for stream in self._streams:
            stream.put(_event(name, data))

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no fault."""


def _collect_streams() -> None:
    """The SDK leaves the sockets of streams that it stopped to the garbage collector, which complains of them."""
    for thread in threading.enumerate():
        if thread.name == "ldclient.datasource.streaming":
            thread.join(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LaunchDarkly

    def do_GET(self) -> None:
        if self.server.silent:
            self.send_error(503)
        elif self.headers["Authorization"] != KEY:
            self.send_error(401)
        elif self.path != "/all":
            self.send_error(404)
        else:
            self._stream()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        stream = self.server.open_stream()
        while data := stream.get():
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != KEY or self.path != "/bulk":
            self.send_error(401)
            return
        for event in json.loads(body):
            self.server.events.put(event)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Tests read no access log."""
